import { inEachDatabase } from "../platform/apart.ts";
import {
  addReceiverIfChanged,
  removeReceiverStatements,
  setTypesStatement,
  standingsStatement,
  wakeStatements,
  type Standing,
} from "../events/index.ts";
import { termsOf, type Predicate } from "../inventory/index.ts";
import type { UserActor } from "../platform/actor.ts";
import { addAuditIfChanged, type AuditEntry } from "../platform/audit.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, newId } from "../platform/ids.ts";
import { presentSeal, seal, unseal } from "../platform/seal.ts";
import { refusedHere } from "../platform/send-outgoing.ts";
import { sealContext, sealed, unsealed, type Keys } from "./keys.ts";
import { WEBHOOK, type Filter } from "./sender.ts";
import type { Shape } from "./shapes.ts";
import { isSecret, newSecret } from "./signing.ts";
import {
  addWebhookStatement,
  changeWebhookStatement,
  MAX_WEBHOOKS,
  removeWebhookStatement,
  resealStatement,
  sealedOtherwiseStatement,
  webhooksStatement,
  webhookStatement,
  type WebhookRow,
} from "./store.ts";

export const notFound = () => new Fault("not_found", "webhook not found");

/** What of a webhook can be changed. */
export interface Wanted {
  name: string;
  types: readonly string[];
  filter?: Filter | undefined;
  batch: number;
  enabled: boolean;
  target?: string | undefined;
}

const bad = (field: string, problem: string) => new Fault("bad_request", `${field}: ${problem}.`);

const MAIL = /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:"]+$/;

/** Refuses an address that is none to call. */
function checkTarget(deps: Deps, shape: Shape, target: string): void {
  if (shape === "mail") {
    if (!MAIL.test(target)) throw bad("target", "must be an address of mail");
    return;
  }
  const refusal = refusedHere(deps, target);
  if (refusal !== undefined) throw bad("target", refusal);
}

/** Behind the host an address may hold a secret. */
const shownTarget = (shape: Shape, target: string): string =>
  shape === "mail" ? target : new URL(target).origin;

function checkSecret(secret: string | undefined): string {
  if (secret === undefined) return newSecret();
  if (!isSecret(secret)) throw bad("secret", "must be whsec_ and base64 of 24 to 64 bytes");
  return secret;
}

/** Terms as a search takes them; refuses any other. */
function filterText({ groups, terms }: Filter = {}): string {
  if (terms) termsOf(terms as Predicate[]);
  return JSON.stringify({ ...(groups && { groups }), ...(terms && { terms }) });
}

const entryOf = (action: string, id: string, change: string): AuditEntry => ({
  action,
  object: { type: "webhook", id },
  change,
});

/** With how far it is. */
export type Webhook = WebhookRow & { standing: Standing | undefined };

export async function listWebhooks(deps: Deps, { tenant }: UserActor): Promise<Webhook[]> {
  const [rows, standings] = await deps
    .db(tenant)
    .batch([webhooksStatement(tenant), standingsStatement(tenant, WEBHOOK)]);
  const of = new Map(standings.map((standing) => [standing.receiver_id, standing]));
  return rows.map((row) => ({ ...row, standing: of.get(row.webhook_id) }));
}

export async function getWebhook(deps: Deps, actor: UserActor, id: string): Promise<Webhook> {
  const found = (await listWebhooks(deps, actor)).find((row) => row.webhook_id === id);
  if (!found) throw notFound();
  return found;
}

/** Adds a webhook, which hears of what happens from now on; its secret is answered once and cannot be read again. */
export async function addWebhook(
  deps: Deps,
  actor: UserActor,
  wanted: Wanted & { shape: Shape; target: string; secret?: string | undefined },
): Promise<{ id: string; secret: string }> {
  const { tenant } = actor;
  const { shape, target, name, batch, enabled } = wanted;
  checkTarget(deps, shape, target);
  const secret = checkSecret(wanted.secret);
  const id = newId();
  const at = deps.now();
  const shown = shownTarget(shape, target);
  const row = {
    webhook_id: id,
    name,
    shape,
    shown,
    filter: filterText(wanted.filter),
    batch,
    enabled: Number(enabled),
    sealed: await sealed(deps, tenant, id, { target, secret }),
    created_ms: at,
  };
  const [added] = await deps
    .db(tenant)
    .batch([
      addWebhookStatement(tenant, row),
      addAuditIfChanged(actor, entryOf("create", id, `${shape} ${shown}`), at),
      addReceiverIfChanged({ tenant, receiver: id }, { kind: WEBHOOK, types: wanted.types }),
    ]);
  if (added === 0)
    throw new Fault("conflict", `there are ${MAX_WEBHOOKS} webhooks, and no more are possible`);
  return { id, secret };
}

/** A webhook and its keys; what cannot be read any more is set anew by whoever changes it. */
async function opened(deps: Deps, { tenant }: UserActor, id: string) {
  const row = await deps.db(tenant).one(webhookStatement(tenant, id));
  if (!row) throw notFound();
  return { row, keys: await unsealed(deps, tenant, row) };
}

const unreadable = () => new Fault("unprocessable", "the webhook cannot be read: make it anew");
const disturbed = () => new Fault("conflict", "somebody else has changed the webhook");

/** Changes a webhook as a whole; its keys stay. What waited for it is tried at once. */
export async function changeWebhook(deps: Deps, actor: UserActor, id: string, wanted: Wanted): Promise<void> {
  const { tenant } = actor;
  const { row, keys } = await opened(deps, actor, id);
  if (!keys) throw unreadable();
  const target = wanted.target ?? keys.target;
  checkTarget(deps, row.shape, target);
  const at = deps.now();
  const after = await sealed(deps, tenant, id, { ...keys, target });
  const changed = {
    webhook_id: id,
    name: wanted.name,
    shown: shownTarget(row.shape, target),
    filter: filterText(wanted.filter),
    batch: wanted.batch,
    enabled: Number(wanted.enabled),
  };
  const [count] = await deps
    .db(tenant)
    .batch([
      changeWebhookStatement(
        tenant,
        changed,
        { before: row.sealed, after, oldUntilMs: row.old_until_ms },
        at,
      ),
      addAuditIfChanged(actor, entryOf("update", id, `${row.shape} ${changed.shown}`), at),
      setTypesStatement({ tenant, receiver: id }, wanted.types),
      ...wakeStatements({ tenant, receiver: id }, at),
    ]);
  if (count === 0) throw disturbed();
}

const HOUR_MS = 3_600_000;

/** Begins to sign with another key, and with the one before as long as is said. */
export async function rotateSecret(
  deps: Deps,
  actor: UserActor,
  id: string,
  given: { secret?: string | undefined; overlapHours: number },
): Promise<string> {
  const { tenant } = actor;
  const { row, keys } = await opened(deps, actor, id);
  if (!keys) throw unreadable();
  const secret = checkSecret(given.secret);
  const at = deps.now();
  const next: Keys = { target: keys.target, secret, old: keys.secret };
  const oldUntilMs = at + given.overlapHours * HOUR_MS;
  const after = await sealed(deps, tenant, id, next);
  const changed = { ...row, webhook_id: id };
  const [count] = await deps
    .db(tenant)
    .batch([
      changeWebhookStatement(tenant, changed, { before: row.sealed, after, oldUntilMs }, at),
      addAuditIfChanged(actor, entryOf("update", id, "another secret"), at),
    ]);
  if (count === 0) throw disturbed();
  return secret;
}

/** Removes a webhook with what waits for it. */
export async function removeWebhook(deps: Deps, actor: UserActor, id: string): Promise<void> {
  const { tenant } = actor;
  const at = deps.now();
  const [removed] = await deps
    .db(tenant)
    .batch([
      removeWebhookStatement(tenant, id),
      addAuditIfChanged(actor, entryOf("delete", id, "removed with what waited for it"), at),
      ...removeReceiverStatements({ tenant, receiver: id }),
    ]);
  if (removed === 0) throw notFound();
}

const RESEALED_AT_ONCE = 50;

/** Keys that an earlier key of the server has sealed, sealed by the present one. */
export const resealWebhooks: Sweep = async (deps) => {
  if (deps.keys.seals.length < 2) return;
  await inEachDatabase(deps, async ({ db }) => {
    let after = { tenant_id: asTenantId(""), webhook_id: "" };
    for (;;) {
      const page = await db.one(sealedOtherwiseStatement(presentSeal(deps.keys), after, RESEALED_AT_ONCE));
      const changes = [];
      for (const row of page) {
        const context = sealContext(row.tenant_id, row.webhook_id);
        const text = await unseal(deps.keys, row.sealed, context);
        if (text !== undefined) changes.push(resealStatement(row, await seal(deps.keys, text, context)));
      }
      await db.batch(changes);
      const last = page.at(-1);
      if (!last || page.length < RESEALED_AT_ONCE) return;
      after = last;
    }
  });
};
