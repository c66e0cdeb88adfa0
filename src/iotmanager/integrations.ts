import { inEachDatabase } from "../platform/apart.ts";
import {
  addReceiverIfChanged,
  removeReceiversOfKindStatements,
  removeReceiverStatements,
  wakeStatements,
} from "../events/index.ts";
import type { Actor, OperatorActor, UserActor } from "../platform/actor.ts";
import { addAuditIfChanged, type AuditEntry } from "../platform/audit.ts";
import type { Sweep } from "../platform/background.ts";
import { isUniqueViolation } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, newId } from "../platform/ids.ts";
import { presentSeal, seal, unseal } from "../platform/seal.ts";
import {
  credentialsOf,
  shownCredentials,
  targetOf,
  toldTarget,
  type Credentials,
  type GivenCredentials,
} from "./credentials.ts";
import { INTEGRATION } from "./sender.ts";
import { typesOf } from "./told-event.ts";
import { sealContext, sealed } from "./sealing.ts";
import {
  addIntegrationStatement,
  integrationsStatement,
  integrationStatement,
  MAX_INTEGRATIONS,
  isFree,
  removeIntegrationStatement,
  removeTenantStatements,
  resealStatement,
  sealedOtherwiseStatement,
  setCredentialsStatement,
  TARGET_TAKEN,
  type IntegrationRow,
} from "./store.ts";
import type { Provider, Scope } from "./words.ts";

const notFound = () => new Fault("not_found", "integration not found");
const exists = (cause: unknown) => new Fault("conflict", "integration already exists", { cause });

export const listIntegrations = (deps: Deps, { tenant }: Actor): Promise<IntegrationRow[]> =>
  deps.db(tenant).one(integrationsStatement(tenant));

export async function getIntegration(deps: Deps, { tenant }: Actor, id: string): Promise<IntegrationRow> {
  const found = await deps.db(tenant).one(integrationStatement(tenant, id));
  if (!found) throw notFound();
  return found;
}

const entryOf = (action: string, id: string, change: string): AuditEntry => ({
  action,
  object: { type: "integration", id },
  change,
});

/** As kept: what is secret only under seal. */
const kept = async (deps: Deps, { tenant }: UserActor, id: string, credentials: Credentials) => ({
  id,
  target: targetOf(credentials),
  credentials: await sealed(deps, tenant, id, credentials),
  shown: JSON.stringify(shownCredentials(credentials)),
});

export interface Wanted {
  provider: Provider;
  credentials: GivenCredentials;
  description?: string | undefined;
  scopes?: readonly Scope[] | undefined;
}

/** Adds an integration and answers its id; one for what another leads to already is a conflict, so that a repeated request makes no second. */
export async function addIntegration(deps: Deps, actor: UserActor, wanted: Wanted): Promise<string> {
  const { tenant } = actor;
  const { provider, description = null, scopes = [] } = wanted;
  const credentials = credentialsOf(deps, provider, wanted.credentials);
  const id = newId();
  const at = deps.now();
  const row = {
    ...(await kept(deps, actor, id, credentials)),
    provider,
    description,
    scopes: scopes.length === 0 ? null : JSON.stringify(scopes),
  };
  const entry = entryOf("create", id, `${provider} ${toldTarget(credentials)}`);
  const adding = deps
    .db(tenant)
    .batch([
      addIntegrationStatement(tenant, row, at),
      addAuditIfChanged(actor, entry, at),
      addReceiverIfChanged({ tenant, receiver: id }, { kind: INTEGRATION, types: typesOf(scopes) }),
    ]);
  const [added] = await adding.catch((cause: unknown) => {
    throw isUniqueViolation(cause, TARGET_TAKEN) ? exists(cause) : cause;
  });
  if (added === 0)
    throw new Fault("conflict", `there are ${MAX_INTEGRATIONS} integrations, and no more are possible`);
  return id;
}

/** Replaces the credentials as a whole; what waits is tried with the new ones at once. */
export async function setCredentials(
  deps: Deps,
  actor: UserActor,
  id: string,
  given: GivenCredentials,
): Promise<void> {
  const { tenant } = actor;
  const { provider } = await getIntegration(deps, actor, id);
  const credentials = credentialsOf(deps, provider, given);
  const at = deps.now();
  const entry = entryOf("update", id, `credentials of ${provider} ${toldTarget(credentials)}`);
  const setting = deps
    .db(tenant)
    .batch([
      setCredentialsStatement(tenant, await kept(deps, actor, id, credentials)),
      addAuditIfChanged(actor, entry, at),
      ...wakeStatements({ tenant, receiver: id }, at),
    ]);
  const [changed] = await setting.catch((cause: unknown) => {
    throw isUniqueViolation(cause, TARGET_TAKEN) ? exists(cause) : cause;
  });
  if (changed === 0) throw notFound();
}

/** Removes an integration with what still waits for it; not one of a cloud that has devices of ours. */
export async function removeIntegration(deps: Deps, actor: UserActor, id: string): Promise<void> {
  const { tenant } = actor;
  const at = deps.now();
  const [before, removed] = await deps
    .db(tenant)
    .batch([
      integrationStatement(tenant, id),
      removeIntegrationStatement(tenant, id),
      addAuditIfChanged(actor, entryOf("delete", id, "removed with what waited for it"), at),
      ...removeReceiverStatements({ tenant, receiver: id }, isFree(tenant, id)),
    ]);
  if (!before) throw notFound();
  if (removed === 0) throw new Fault("conflict", "cannot remove integration in use by devices");
}

/** Forgets everything of a tenant; for operators. */
export async function removeTenantIntegrations(deps: Deps, { tenant }: OperatorActor): Promise<void> {
  await deps
    .db(tenant)
    .batch([...removeTenantStatements(tenant), ...removeReceiversOfKindStatements(tenant, INTEGRATION)]);
}

const RESEALED_AT_ONCE = 50;

/** Credentials that an earlier key has sealed, sealed by the present one. */
export const resealIntegrations: Sweep = async (deps) => {
  if (deps.keys.seals.length < 2) return;
  await inEachDatabase(deps, async ({ db }) => {
    let after = { tenant_id: asTenantId(""), integration_id: "" };
    for (;;) {
      const page = await db.one(sealedOtherwiseStatement(presentSeal(deps.keys), after, RESEALED_AT_ONCE));
      const changes = [];
      for (const row of page) {
        const context = sealContext(row.tenant_id, row.integration_id);
        const text = await unseal(deps.keys, row.credentials, context);
        if (text !== undefined) changes.push(resealStatement(row, await seal(deps.keys, text, context)));
      }
      await db.batch(changes);
      const last = page.at(-1);
      if (!last || page.length < RESEALED_AT_ONCE) return;
      after = last;
    }
  });
};
