import type { Attempt, Sender, StreamEvent } from "../events/index.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId, type TenantId } from "../platform/ids.ts";
import { tellCloud } from "./cloud.ts";
import type { Credentials } from "./credentials.ts";
import { cloudOf } from "./providers.ts";
import { unsealed } from "./sealing.ts";
import { integrationStatement } from "./store.ts";
import { toldEvent } from "./told-event.ts";
import { callWebhook } from "./webhook.ts";

const UNREADABLE: Attempt = { success: false, error: "the credentials cannot be read: set them again" };

/** The kind of receivers that integrations are. */
export const INTEGRATION = "integration";

/** Integrations are told of one event at a time, as the original's are. */
export const integrationSender: Sender = async (deps, tenant, id) => {
  const row = await deps.db(tenant).one(integrationStatement(tenant, id));
  if (!row) return undefined;
  const credentials = await unsealed(deps, tenant, row);
  const send = async ([event]: readonly StreamEvent[]): Promise<Attempt> => {
    if (!event) return { success: true };
    return credentials ? tellOne(deps, { tenant, id, credentials }, event) : UNREADABLE;
  };
  return { chosen: async (events) => events, batch: 1, send };
};

function tellOne(
  deps: Deps,
  { tenant, id, credentials }: { tenant: TenantId; id: string; credentials: Credentials },
  event: StreamEvent,
): Promise<Attempt> {
  const told = toldEvent(tenant, event);
  if (credentials.type === "http") return callWebhook(deps, credentials, told);
  const provider = credentials.type === "aws" ? ("AWS" as const) : ("Azure" as const);
  const cloud = { tenant, integration: id, provider, cloud: cloudOf(deps, credentials) };
  return tellCloud(deps, cloud, { ...told, device_id: asDeviceId(told.device_id) });
}
