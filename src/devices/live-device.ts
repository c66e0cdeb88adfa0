import { sql, type SQL } from "drizzle-orm";
import { deviceCheckInStatements, isCheckInDue, lastCheckIn } from "./contact.ts";
import type { DeviceActor, DeviceClaim } from "../platform/actor.ts";
import { firstRow, mapped, type Database, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { isWrite } from "../platform/statement.ts";
import { Fault } from "../platform/fault.ts";
import { authSetsTable } from "./tables.ts";

/** What tells whether a token is live. */
export type LiveClaim = Pick<DeviceClaim, "tenant" | "device" | "authSet" | "issuedS">;

/**
 * True in SQL if the claimed authentication set is accepted, its tokens are not revoked and its tenant is active. A set
 * never outlives its device. A write that carries it may ride in the round trip of `asLiveDevice`.
 */
export const ifLive = (claim: LiveClaim): SQL => sql`EXISTS (
    SELECT 1 FROM ${authSetsTable} a
    JOIN tenants t ON t.tenant_id = a.tenant_id
    WHERE a.tenant_id = ${claim.tenant} AND a.auth_set_id = ${claim.authSet} AND a.device_id = ${claim.device}
      AND a.status = 'accepted' AND a.tokens_revoked_s < ${claim.issuedS}
      AND t.status = 'active' AND t.device_tokens_revoked_s < ${claim.issuedS})`;

/** Whether a token that was live is so still. */
export const isLiveStatement = (claim: LiveClaim): Statement<boolean> =>
  mapped(firstRow<{ live: number }>(sql`SELECT 1 AS live WHERE ${ifLive(claim)}`), Boolean);

interface LiveRow {
  check_in_ms: number | null;
}

const liveToken = (claim: DeviceClaim): Statement<LiveRow | undefined> =>
  firstRow(sql`
    SELECT ${lastCheckIn(sql`${claim.tenant}`, sql`${claim.device}`)} AS check_in_ms WHERE ${ifLive(claim)}`);

/** A query of at most one row that is read along with the token, for each statement costs more than what it looks up. */
export interface Beside<T extends object> {
  query: SQL;
  /** A column that no row has without a value. */
  key: keyof T & string;
}

const liveTokenBeside = <T extends object>(
  claim: DeviceClaim,
  { query }: Beside<T>,
): Statement<(LiveRow & T) | undefined> =>
  firstRow(sql`
    SELECT ${lastCheckIn(sql`${claim.tenant}`, sql`${claim.device}`)} AS check_in_ms, beside.*
    FROM (SELECT 1) one LEFT JOIN (${query}) beside WHERE ${ifLive(claim)}`);

/** Every request with a live token is a contact. The inventory is told of it once a day, also while the head is away. */
function noteContact(deps: Deps, { tenant, device }: DeviceClaim, lastMs: number | null): void {
  deps.contacts.note(tenant, device);
  const nowMs = deps.now();
  if (!isCheckInDue(lastMs, nowMs)) return;
  const noted = deps
    .db(tenant)
    .uncounted()
    .batch(deviceCheckInStatements(tenant, device, nowMs));
  deps.later(noted.catch((cause: unknown) => deps.log.error("contact not noted", { device, cause })));
}

type Read<S extends readonly Statement<unknown>[]> = {
  -readonly [K in keyof S]: S[K] extends Statement<infer T> ? T : never;
};

/**
 * The only way from a token's claim to a device that may act: checks that the token is live in the same round trip
 * as the statements the caller needs first. These must only read, because they run whether or not the token is live,
 * or write under the condition `ifLive`. Throws 401 otherwise.
 */
export async function asLiveDevice<const S extends readonly Statement<unknown>[]>(
  deps: Deps,
  claim: DeviceClaim,
  reads: S,
): Promise<{ device: DeviceActor; results: Read<S> }> {
  const home = deps.db(claim.tenant);
  const db = reads.some(isWrite) ? home : home.together(claim.tenant, deps);
  const { device, results } = await whileLive(deps, db, claim, liveToken(claim), reads);
  return { device, results };
}

/**
 * The same with what is read beside the token, before the other statements. These may be carried out once more, after which
 * nothing must be other than after the first time.
 */
export async function asLiveDeviceWith<T extends object, const S extends readonly Statement<unknown>[]>(
  deps: Deps,
  claim: DeviceClaim,
  beside: Beside<T>,
  reads: S,
): Promise<{ found: T | undefined; results: Read<S> }> {
  const db = deps.db(claim.tenant).together(claim.tenant, deps);
  const { live, results } = await whileLive(deps, db, claim, liveTokenBeside(claim, beside), reads);
  return { found: live[beside.key] === null ? undefined : live, results };
}

async function whileLive<L extends LiveRow, const S extends readonly Statement<unknown>[]>(
  deps: Deps,
  db: Database,
  claim: DeviceClaim,
  token: Statement<L | undefined>,
  reads: S,
): Promise<{ device: DeviceActor; live: L; results: Read<S> }> {
  const [live, ...results] = await db.batch([token, ...reads]);
  if (!live) throw new Fault("unauthorized", "unauthorized", { empty: true });
  noteContact(deps, claim, live.check_in_ms);
  return {
    device: { kind: "device", tenant: claim.tenant, device: claim.device },
    live,
    results: results as unknown as Read<S>, // the tail of a batch has the types of the tail's statements
  };
}
