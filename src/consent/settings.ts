import type { UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { CONSENT_DEMANDED } from "./events.ts";
import { setSettingsStatement, settingsStatement, type ConsentSettings } from "./store.ts";

export const readSettings = (deps: Deps, { tenant }: UserActor): Promise<ConsentSettings> =>
  deps.db(tenant).one(settingsStatement(tenant));

const onOff = (on: boolean) => (on ? "by grant" : "free");

/** From the moment that access takes a grant, what is open without one ends. */
export async function writeSettings(
  deps: Deps,
  actor: UserActor,
  settings: ConsentSettings,
): Promise<ConsentSettings> {
  const { tenant } = actor;
  const at = deps.now();
  const change = `remote access: ${onOff(settings.remoteAccess)}, support access: ${onOff(settings.supportAccess)}`;
  const entry = { action: "update", object: { type: "consent", id: tenant }, change };
  await deps
    .db(tenant)
    .batch([
      setSettingsStatement(tenant, settings, at),
      addAuditIfChanged(actor, entry, at),
      ...(settings.remoteAccess
        ? [addEventIfChanged({ kind: CONSENT_DEMANDED, tenant, subject: tenant }, at)]
        : []),
    ]);
  return settings;
}
