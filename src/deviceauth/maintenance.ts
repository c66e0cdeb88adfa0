import type { OperatorActor } from "../platform/actor.ts";
import { inSlicesOfEach } from "../platform/apart.ts";
import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId } from "../platform/ids.ts";
import { addEvent, addEventIfChanged } from "../platform/outbox.ts";
import { revokeDeviceTokensStatement as revokeTenantTokensStatement } from "../tenants/index.ts";
import { tokensRevokedEvent } from "./events.ts";
import { removeAllStatements } from "./purge-store.ts";
import { forgetRevocationsStatement } from "./revocation-store.ts";
import { setExternalStatement, setProvisionedStatement, type ExternalDevice } from "./store.ts";
import { revokeDeviceTokensStatement } from "./set-store.ts";

/** Ends the tokens of one device or, without one, of all devices of the tenant. They may ask for new ones. */
export async function revokeTokens(deps: Deps, tenant: string, device: string | undefined): Promise<void> {
  const id = asTenantId(tenant);
  const at = deps.now();
  await deps
    .db(id)
    .batch([
      device ? revokeDeviceTokensStatement(id, device, toSeconds(at)) : revokeTenantTokensStatement(id, at),
      addEventIfChanged(tokensRevokedEvent(id, device), at),
    ]);
}

const demandFound = (changed: number) => {
  if (changed === 0) throw new Fault("not_found", "device not found");
};

export const setProvisioned = async (
  deps: Deps,
  { tenant }: OperatorActor,
  device: string,
  provisioned: boolean,
): Promise<void> =>
  demandFound(await deps.db(tenant).one(setProvisionedStatement(tenant, device, provisioned)));

export const setExternal = async (
  deps: Deps,
  { tenant }: OperatorActor,
  device: string,
  external: ExternalDevice,
): Promise<void> => demandFound(await deps.db(tenant).one(setExternalStatement(tenant, device, external)));

/** Removes everything this domain knows about a tenant, a portion at a time. Other domains keep their own. */
export async function removeTenantData(deps: Deps, { tenant }: OperatorActor): Promise<void> {
  const db = deps.db(tenant);
  for (let left = true; left;) {
    const [, removed] = await db.batch(removeAllStatements(tenant));
    left = removed > 0;
  }
  await db.one(addEvent(tokensRevokedEvent(tenant, undefined), deps.now()));
}

const FORGOTTEN_AT_ONCE = 1000;

/** Cron duty: revocations need not be remembered longer than a token lives. */
export async function forgetOldRevocations(deps: Deps): Promise<void> {
  const beforeS = toSeconds(deps.now()) - deps.settings.DEVICE_TOKEN_LIFE_S;
  await inSlicesOfEach(deps, FORGOTTEN_AT_ONCE, (db, limit) =>
    db.one(forgetRevocationsStatement(beforeS, limit)),
  );
}
