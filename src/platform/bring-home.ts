import { sql } from "drizzle-orm";
import { forgetStray, strayEntries, takeOverEntry } from "./audit.ts";
import { Database, mapped, noCost, rows, type Statement } from "./database.ts";
import type { Env } from "./env.ts";
import { findHomes } from "./find-homes.ts";
import { demandHome } from "./home-store.ts";
import { FIRST_HOME, homesOf } from "./homes.ts";
import type { TenantId } from "./ids.ts";
import type { Log } from "./log.ts";
import { forgetEvent, strayEvents, takeOverEvent } from "./outbox.ts";
import { auditLogTable, outboxTable, tenantHomesTable } from "./tables.ts";
import { copyChangedTenants, writesCopied } from "./tenant-copies.ts";

export interface Settling {
  env: Env;
  log: Log;
  now: () => number;
  /** Where events were brought. */
  eventsIn: Set<D1Database>;
}

/** Records of one tenant that are brought home at once. */
const STRAYS_AT_ONCE = 40;
const ROUNDS = 25;

/**
 * What a batch of the directory records about a tenant that lives elsewhere, its audit entries and its events, belongs to
 * its home: it is there, under the same key, before it is gone from here, so that a crash between loses and doubles nothing.
 */
export async function bringHome(directory: Database, home: Database, tenant: TenantId): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const [entries, events] = await directory.batch([
      strayEntries(tenant, STRAYS_AT_ONCE),
      strayEvents(tenant, STRAYS_AT_ONCE),
    ]);
    if (entries.length + events.length === 0) return;
    await home.batch([demandHome(tenant, true), ...entries.map(takeOverEntry), ...events.map(takeOverEvent)]);
    await directory.batch([
      ...entries.map(forgetStray),
      ...events.map(({ tenant_id, id }) => forgetEvent({ tenant: tenant_id, id })),
    ]);
    if (Math.max(entries.length, events.length) < STRAYS_AT_ONCE) return;
  }
}

/** Tenants that live elsewhere and have records here. */
const strayedStatement: Statement<TenantId[]> = mapped(
  rows<{ tenant_id: TenantId }>(sql`
    SELECT h.tenant_id FROM ${tenantHomesTable} h WHERE h.home <> ${FIRST_HOME} AND (
      EXISTS (SELECT 1 FROM ${auditLogTable} l WHERE l.tenant_id = h.tenant_id)
      OR EXISTS (SELECT 1 FROM ${outboxTable} o WHERE o.tenant_id = h.tenant_id)) LIMIT 200`),
  (found) => found.map(({ tenant_id }) => tenant_id),
);

async function bringAllHome(
  { env, log, now, eventsIn }: Settling,
  tenants: readonly TenantId[],
): Promise<void> {
  const homes = homesOf(env);
  const directory = new Database(env.DB, noCost());
  for (const [tenant, { home, isMoving }] of await findHomes({ homes, directory, now }, tenants)) {
    const database = homes.databases.get(home);
    if (home === FIRST_HOME || !database || isMoving) continue;
    await bringHome(directory, new Database(database, { ...noCost(), eventsIn }), tenant).catch(
      (cause: unknown) => log.error("records not brought home", { tenant, home, cause }),
    );
  }
}

/** The sweep: what could not be brought or copied when it was made. */
export async function settleHomes(settling: Settling): Promise<void> {
  const { env, log } = settling;
  if (!homesOf(env).isSpread) return;
  await copyChangedTenants(env, log);
  await bringAllHome(settling, await new Database(env.DB, noCost()).one(strayedStatement));
}

/** After each batch of the directory. What cannot be done now the sweep does. */
export const settlingAfter =
  (settling: Settling) =>
  async (statements: readonly Statement<unknown>[]): Promise<void> => {
    const { env, log } = settling;
    const told = [...new Set(statements.flatMap(({ records }) => records ?? []))];
    try {
      if (statements.some(writesCopied)) await copyChangedTenants(env, log);
      if (told.length > 0) await bringAllHome(settling, told);
    } catch (cause) {
      log.error("homes not settled", { cause });
    }
  };
