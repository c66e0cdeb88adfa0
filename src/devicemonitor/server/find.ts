import type { Sweep } from "../../platform/background.ts";
import { type Duty, eachApart, inEachDatabase, ROWS_A_RUN } from "../../platform/apart.ts";
import type { Silences } from "../../platform/contacts.ts";
import type { Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { hasFeature } from "../../platform/plans.ts";
import { tell } from "../../platform/stream.ts";
import type { Trouble, TroubleSource } from "../../platform/trouble.ts";
import {
  countTenantsStatement,
  subscriptionOfTenant,
  tenantsByFilterStatement,
  type Tenant,
} from "../../tenants/index.ts";
import { catchUp } from "../alerts.ts";
import { untoldStatement } from "../store.ts";
import { isBeyond, isMuted, SERVER_KINDS, type Mute, type Rules, type ServerKind } from "../rules.ts";
import {
  acceptedAmongStatement,
  alertsEndStatement,
  amongStatement,
  BEFORE_ALL,
  clearStatement,
  forgetGoneStatement,
  mailsLeftStatement,
  mailStatements,
  openStatement,
  raiseStatement,
  type AlertKey,
  type AlertPlace,
  type ServerAlertRow,
} from "./alert-store.ts";
import { clearedOf, rowOf, toldOf, type Found } from "./found.ts";
import { forgetMutesStatement, mutesStatement, readRulesStatement } from "./rule-store.ts";

/** Where trouble is looked for, but for silence, which the tenant's head knows of. */
export type TroubleSources = Readonly<Record<Exclude<ServerKind, "silent">, readonly TroubleSource[]>>;

const MINUTE_MS = 60_000;
/** Each tenant is looked at once in so many minutes, in fewer rounds the more there are. */
const MINUTES = 5;
/** Of one run, which is one invocation with all its other duties. */
const TENANTS_A_RUN = Math.floor(ROWS_A_RUN / 4);
/** After so many looks that were left out, silence is counted anew: the server itself was away. */
const LOOKS_LEFT_OUT = 4;

/** Alerts of devices that were held back in a flood. */
const CAUGHT_UP_AT_ONCE = 500;
/** Of one kind, beside silent devices. */
const MAX_FOUND = 200;
/** Silent devices of one transaction, and transactions of one look. */
const SILENT_AT_ONCE = 500;
const SLICES = 20;
/** A device that is not to be told is not looked at for so long. */
const NOT_TOLD_MS = 86_400_000;

/** Alerts that one mail tells of. */
const MAX_MAILED = 50;

/** What is known of a tenant at a look. */
interface Look {
  tenant: TenantId;
  nowMs: number;
  rules: Rules;
  mutes: readonly Mute[];
}

/** Tokens are where the users are. */
const OF_THE_DIRECTORY = "expiry";

/** Looks after each tenant in its minute. */
export const findTrouble =
  (sources: TroubleSources): Sweep =>
  async (deps) => {
    const total = await deps.directory.one(countTenantsStatement({}, deps.now()));
    const rounds = Math.max(MINUTES, Math.ceil(total / TENANTS_A_RUN));
    const limit = Math.ceil(total / rounds);
    const offset = (Math.floor(deps.now() / MINUTE_MS) % rounds) * limit;
    const tenants = await deps.directory.one(tenantsByFilterStatement({}, deps.now(), { offset, limit }));
    const duty: Duty<Tenant> = {
      name: "trouble",
      of: ({ id }) => ({ tenant: id, key: id }),
      work: ({ id }) => lookAfter(deps, sources, id, rounds * MINUTE_MS),
    };
    const meant = tenants.filter(
      (tenant) =>
        tenant.status === "active" &&
        hasFeature(deps.settings.PLANS, subscriptionOfTenant(tenant, deps.now()), "monitoring"),
    );
    await eachApart(deps, duty, meant);
  };

async function lookAfter(deps: Deps, sources: TroubleSources, tenant: TenantId, everyMs: number) {
  const nowMs = deps.now();
  const [rules, mutes, open, untold] = await deps
    .db(tenant)
    .batch([
      readRulesStatement(tenant),
      mutesStatement(tenant, nowMs),
      openStatement(tenant),
      untoldStatement(tenant, nowMs, CAUGHT_UP_AT_ONCE),
    ]);
  const look: Look = { tenant, nowMs, rules, mutes };
  await catchUp(deps, tenant, untold);
  await lookForTrouble(deps, sources, look, open);
  for (let slice = 0; slice < SLICES; slice++) if (!(await lookForSilence(deps, look, everyMs))) break;
}

/** What these sources find, in one trip to each database that they are about. */
async function troublesOf(
  deps: Deps,
  tenant: TenantId,
  asked: readonly { kind: string; statement: Statement<Trouble[]> }[],
): Promise<Trouble[][]> {
  const isElsewhere = ({ kind }: { kind: string }) => deps.homes.isSpread && kind === OF_THE_DIRECTORY;
  const own = asked.filter((one) => !isElsewhere(one));
  const found = [...(await deps.db(tenant).batch(own.map(({ statement }) => statement)))];
  const answers: Trouble[][] = [];
  for (const one of asked)
    answers.push(isElsewhere(one) ? await deps.directory.one(one.statement) : (found.shift() ?? []));
  return answers;
}

async function lookForTrouble(
  deps: Deps,
  sources: TroubleSources,
  look: Look,
  open: readonly ServerAlertRow[],
): Promise<void> {
  const { tenant, nowMs, rules } = look;
  const asked = SERVER_KINDS.flatMap((kind) => {
    const threshold = kind === "silent" ? undefined : rules.widest(kind);
    if (kind === "silent" || threshold === undefined) return [];
    const wanted = { threshold, nowMs, limit: MAX_FOUND };
    return sources[kind].map((source) => ({ kind, statement: source(tenant, wanted) }));
  });
  const answers = await troublesOf(deps, tenant, asked);
  const found = asked.flatMap(({ kind }, i) => (answers[i] ?? []).map((trouble) => ({ kind, trouble })));
  const groups = await groupsOf(
    deps,
    tenant,
    found.flatMap(({ trouble }) => trouble.device ?? []),
  );
  const wrong = found.flatMap(({ kind, trouble }): Found[] => {
    const { object, device, deployment, measure, text } = trouble;
    if (device !== undefined && !groups.has(device)) return [];
    const group = (device !== undefined && groups.get(device)) || null;
    const rule = rules.of(kind, group);
    if (!isBeyond(kind, measure, rule)) return [];
    const about = {
      ...(device !== undefined && { device }),
      ...(deployment !== undefined && { deployment }),
    };
    return [{ kind, object, level: rule.level, text, group, ...about }];
  });
  const nameOf = ({ kind, object }: Pick<Found, "kind" | "object">) => `${kind}/${object}`;
  const [known, now] = [new Set(open.map(nameOf)), new Set(wrong.map(nameOf))];
  // Of a kind of which there is more than is told, what is not among it may still be wrong.
  const isWhole = (kind: ServerKind) =>
    asked.every((one, i) => one.kind !== kind || (answers[i]?.length ?? 0) < MAX_FOUND);
  await write(deps, look, {
    raised: wrong.filter((alert) => !known.has(nameOf(alert))),
    cleared: open.filter((alert) => !now.has(nameOf(alert)) && isWhole(alert.kind)),
  });
}

/** By device that is accepted. */
async function groupsOf(deps: Deps, tenant: TenantId, devices: readonly string[]) {
  const placed =
    devices.length === 0 ? [] : await deps.db(tenant).one(acceptedAmongStatement(tenant, devices));
  return new Map<string, string | null>(placed.map(({ device_id: id, group }) => [id, group]));
}

const shownTime = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

/** Takes a slice of what the head has found; answers whether there may be more. */
async function lookForSilence(deps: Deps, look: Look, everyMs: number): Promise<boolean> {
  const { tenant, nowMs, rules } = look;
  const patience = rules.widest("silent") ?? Number.MAX_SAFE_INTEGER;
  const wanted = { nowMs, patience, pauseMs: LOOKS_LEFT_OUT * everyMs, limit: SILENT_AT_ONCE };
  const { silent, back } = await deps.contacts.silences(tenant, wanted).catch((cause: unknown): Silences => {
    deps.log.error("silence not looked for", { tenant, cause });
    return { silent: [], back: [] };
  });
  if (silent.length === 0 && back.length === 0) return false;
  const keys = back.map(({ device: object, settledMs: raised_ms }): AlertKey => ({
    kind: "silent",
    object,
    raised_ms,
  }));
  const [placed, cleared] = await deps.db(tenant).batch([
    acceptedAmongStatement(
      tenant,
      silent.map(({ device }) => device),
    ),
    amongStatement(tenant, keys),
  ]);
  const places = new Map(placed.map((device) => [device.device_id as string, device]));
  const raised: Found[] = [];
  const deferred: [string, number][] = [];
  for (const { device, lastMs, times } of silent) {
    const place = places.get(device);
    const rule = rules.of("silent", place?.group);
    if (place && isBeyond("silent", times, rule)) {
      const text = `No contact since ${shownTime(lastMs)} UTC`;
      const { device_id: id, group } = place;
      raised.push({ kind: "silent", object: id, device: id, level: rule.level, text, group, lastMs });
      continue;
    }
    const usualMs = (nowMs - lastMs) / times;
    const waitsMs = place && rule.enabled ? usualMs * (rule.threshold - times) : NOT_TOLD_MS;
    deferred.push([device, nowMs + Math.min(Math.ceil(waitsMs), NOT_TOLD_MS)]);
  }
  await write(deps, look, { raised, cleared });
  await deps.contacts.settleSilences(tenant, {
    silent: raised.map(({ object }) => [object, nowMs] as const),
    deferred,
    back: back.map(({ device }) => device),
  });
  return silent.length === SILENT_AT_ONCE || back.length === SILENT_AT_ONCE;
}

/** One transaction: a row for each alert, one for what the world is told of all, and one for a mail. */
async function write(
  deps: Deps,
  { tenant, nowMs, rules, mutes }: Look,
  { raised, cleared }: { raised: readonly Found[]; cleared: readonly ServerAlertRow[] },
): Promise<void> {
  if (raised.length === 0 && cleared.length === 0) return;
  const mailed = raised.filter(
    ({ kind, device, group }) =>
      rules.of(kind, group).mail && !isMuted(mutes, { device: device ?? null, group, subject: kind }, nowMs),
  );
  const left =
    mailed.length > 0 && deps.mailer ? await deps.db(tenant).one(mailsLeftStatement(tenant, nowMs)) : 0;
  const data = { alerts: mailed.slice(0, MAX_MAILED), more: Math.max(0, mailed.length - MAX_MAILED) };
  await deps
    .db(tenant)
    .batch([
      ...(cleared.length > 0 ? [clearStatement(tenant, cleared)] : []),
      ...(raised.length > 0 ? [raiseStatement(tenant, raised.map(rowOf), nowMs)] : []),
      ...(left >= 1 ? mailStatements(tenant, data, { left, nowMs }) : []),
      ...tell(
        tenant,
        [...raised.flatMap((alert) => toldOf(alert)), ...cleared.flatMap((alert) => clearedOf(alert))],
        nowMs,
      ),
    ]);
}

const FORGOTTEN_AT_ONCE = 500;
/** Alerts that one statement looks at; others have their turn between it and the next. */
const LOOKED_AT_ONCE = 5000;
/** Of one night: a database has no more devices than such stretches hold. */
const STRETCHES_A_RUN = 200;

/** Alerts about devices that are gone, and mutes that are over. */
export const forgetGoneAlerts = async (
  deps: Deps,
  { lookedAtOnce = LOOKED_AT_ONCE, forgottenAtOnce = FORGOTTEN_AT_ONCE } = {},
): Promise<void> => {
  const stretches = Math.floor(STRETCHES_A_RUN / deps.databases().length);
  await inEachDatabase(deps, async ({ db }) => {
    let after: AlertPlace | undefined = BEFORE_ALL;
    for (let stretch = 0; after && stretch < stretches; stretch++) {
      const [end, forgotten]: [AlertPlace | undefined, number] = await db.batch([
        alertsEndStatement(after, lookedAtOnce),
        forgetGoneStatement(after, lookedAtOnce, forgottenAtOnce),
      ]);
      if (forgotten < forgottenAtOnce) after = end;
    }
    await db.one(forgetMutesStatement(deps.now()));
  });
};
