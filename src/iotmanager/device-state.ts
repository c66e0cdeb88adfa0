import { createPublicKey } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Actor, OperatorActor, UserActor } from "../platform/actor.ts";
import { addAudit, addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { hubOf } from "./azure.ts";
import { CloudRefusal, objectIn, type Cloud, type DeviceState } from "./cloud.ts";
import { cloudOf } from "./providers.ts";
import { unsealed } from "./sealing.ts";
import {
  integrationsStatement,
  integrationStatement,
  linksStatement,
  unlinkStatement,
  type IntegrationRow,
} from "./store.ts";

const unlinked = () => new Fault("not_found", "device not found");

async function cloudBehind(deps: Deps, { tenant }: Actor, row: IntegrationRow): Promise<Cloud> {
  const credentials = await unsealed(deps, tenant, row);
  if (credentials?.type === "http") throw new Fault("not_found", "unknown integration provider");
  if (!credentials) throw new Fault("unprocessable", "the credentials cannot be read: set them again");
  return cloudOf(deps, credentials);
}

/** What a cloud refuses, and that it is away, is no fault of this server. */
async function asked<T>(deps: Deps, asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    deps.log.error("cloud not asked", { cause });
    const why = cause instanceof CloudRefusal ? cause.message : "the cloud does not answer";
    throw new Fault("bad_gateway", why, { cause });
  }
}

/** The state of a device in every cloud that has it, by integration. */
export async function deviceStates(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
): Promise<Record<string, DeviceState | null>> {
  const [links, integrations] = await deps
    .db(actor.tenant)
    .batch([linksStatement(actor.tenant, device), integrationsStatement(actor.tenant)]);
  if (links.length === 0) throw unlinked();
  const linked = integrations.filter(({ integration_id: id }) => links.includes(id));
  const states = linked.map(async (row) => {
    const cloud = await cloudBehind(deps, actor, row);
    return [row.integration_id, (await asked(deps, cloud.state(device))) ?? null] as const;
  });
  return Object.fromEntries(await Promise.all(states));
}

async function linkedCloud(deps: Deps, actor: Actor, device: DeviceId, integration: string): Promise<Cloud> {
  const [row, links] = await deps
    .db(actor.tenant)
    .batch([integrationStatement(actor.tenant, integration), linksStatement(actor.tenant, device)]);
  if (!row) throw new Fault("not_found", "integration not found");
  const cloud = await cloudBehind(deps, actor, row);
  if (!links.includes(integration)) throw unlinked();
  return cloud;
}

/** Null where the cloud has lost the device. */
export async function deviceState(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  integration: string,
): Promise<DeviceState | null> {
  const cloud = await linkedCloud(deps, actor, device, integration);
  return (await asked(deps, cloud.state(device))) ?? null;
}

/** Of the state only what is desired can be set. */
export async function setDeviceState(
  deps: Deps,
  actor: UserActor,
  {
    device,
    integration,
    desired,
  }: { device: DeviceId; integration: string; desired: Record<string, unknown> },
): Promise<DeviceState | null> {
  const cloud = await linkedCloud(deps, actor, device, integration);
  const state = (await asked(deps, cloud.setDesired(device, desired))) ?? null;
  const entry = { action: "set_state", object: { type: "device", id: device }, change: integration };
  await deps.db(actor.tenant).one(addAudit(actor, entry, deps.now()));
  return state;
}

/** Forgets which clouds have a device, and changes nothing there. */
export async function unlinkDevice(deps: Deps, actor: UserActor, device: DeviceId): Promise<void> {
  const entry = { action: "unlink", object: { type: "device", id: device }, change: "from its integrations" };
  const [changed] = await deps
    .db(actor.tenant)
    .batch([unlinkStatement(actor.tenant, device, undefined), addAuditIfChanged(actor, entry, deps.now())]);
  if (changed === 0) throw unlinked();
}

const sameKey = (a: unknown, b: string): boolean => {
  try {
    return typeof a === "string" && createPublicKey(a).equals(createPublicKey(b));
  } catch {
    return false;
  }
};

/** Whether a hub of Azure knows a device by this identity and key: what its twin reports says so. */
export async function isKnownToCloud(
  deps: Deps,
  actor: OperatorActor,
  claim: { externalId: string; identity: Record<string, unknown>; pubkey: string },
): Promise<boolean> {
  const [provider, id] = splitOnce(claim.externalId);
  if (provider !== "iot-hub") throw new Fault("bad_request", "external provider not supported");
  const hubs = (await deps.db(actor.tenant).one(integrationsStatement(actor.tenant))).filter(
    (row) => row.provider === "iot-hub",
  );
  for (const row of hubs) {
    const credentials = await unsealed(deps, actor.tenant, row);
    if (credentials?.type !== "sas") continue;
    const twin = await asked(deps, hubOf(deps, credentials).twin(twinPath(id)));
    const reported = objectIn(objectIn(twin, "properties"), "reported");
    if (isDeepStrictEqual(reported.id_data, claim.identity) && sameKey(reported.pubkey, claim.pubkey))
      return true;
  }
  return false;
}

function splitOnce(externalId: string): [provider: string, id: string] {
  const at = externalId.indexOf(" ");
  if (at < 0) throw new Fault("bad_request", "external_id: must be a provider and an id");
  return [externalId.slice(0, at), externalId.slice(at + 1)];
}

/** Of a device, or of one of its modules. */
function twinPath(id: string): string {
  const [device = "", module] = id.split("/");
  const path = encodeURIComponent(device);
  return module === undefined ? path : `${path}/modules/${encodeURIComponent(module)}`;
}
