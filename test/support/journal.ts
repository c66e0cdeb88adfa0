import { asTenantId, type TenantId } from "../../src/platform/ids.ts";
import { beginStatement } from "../../src/tenantdata/journal/journal-store.ts";
import type { Image } from "../../src/tenantdata/journal/lines.ts";
import { baseFor, imagesOf, segmentsOf } from "../../src/tenantdata/journal/read-journal.ts";
import { SUBJECTS } from "../../src/tenantdata/journal/subjects.ts";
import type { CopiedRow } from "../../src/tenantdata/rows-store.ts";
import { env, type Server } from "./server.ts";

/** Rows by table, each as a text, in order. */
export type Kept = Record<string, string[]>;

/** Columns that only stamp a row, and those that a database gives itself. */
const UNKEPT: Readonly<Record<string, readonly string[]>> = {
  devices: ["seen_ms"],
  inventory_devices: ["device_no", "check_in_ms", "changed"],
  device_configurations: ["reported_ms"],
  failure_groups: ["last_ms"],
};

const TABLES = SUBJECTS.flatMap(({ tables }) => tables.map(({ name }) => name)).toSorted();

const textOf = (table: string, row: CopiedRow): string =>
  JSON.stringify(
    Object.entries(row)
      .filter(([column]) => !UNKEPT[table]?.includes(column))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

const kept = (rows: ReadonlyMap<string, CopiedRow[]>): Kept =>
  Object.fromEntries(
    [...rows].flatMap(([table, of]) =>
      of.length === 0 ? [] : [[table, of.map((row) => textOf(table, row)).toSorted()]],
    ),
  );

/** What is there of a tenant, of what its journal is about. */
export async function keptNow(tenant: string, database: D1Database = env.DB): Promise<Kept> {
  const found = await database.batch<CopiedRow>(
    TABLES.map((table) => database.prepare(`SELECT * FROM ${table} WHERE tenant_id = ?`).bind(tenant)),
  );
  return kept(new Map(TABLES.map((table, i) => [table, found[i]?.results ?? []])));
}

export class Replay {
  readonly #images = new Map<string, Image>();

  add(image: Image): void {
    this.#images.set(`${image.subject} ${JSON.stringify(image.key)}`, image);
  }

  kept(): Kept {
    const rows = new Map<string, CopiedRow[]>(TABLES.map((table) => [table, []]));
    for (const image of this.#images.values())
      for (const [table, of] of Object.entries(image.rows)) rows.get(table)?.push(...of);
    return kept(rows);
  }
}

/** What segments alone tell up to a time, of a tenant that was empty when its journal began. */
export async function replayed(server: Server, tenant: string, toMs = server.now * 2): Promise<Kept> {
  const deps = await server.deps();
  const replay = new Replay();
  for await (const { key } of segmentsOf(deps, asTenantId(tenant), 0, toMs))
    for await (const image of imagesOf(deps, key)) replay.add(image);
  return replay.kept();
}

/** What a whole copy and the segments after it tell of a time. */
export async function restored(server: Server, tenant: string, toMs = server.now): Promise<Kept> {
  const deps = await server.deps();
  const base = await baseFor(deps, asTenantId(tenant), toMs);
  if (!base) throw new Error("there is no base");
  const replay = new Replay();
  const add = async (key: string) => {
    for await (const image of imagesOf(deps, key)) replay.add(image);
  };
  for (const key of base.parts) await add(key);
  for await (const { key } of segmentsOf(deps, asTenantId(tenant), base.begunMs, toMs)) await add(key);
  return replay.kept();
}

/** Switches the journal of a tenant on, without the duties. */
export async function begunJournal(server: Server, tenant: TenantId): Promise<void> {
  await (await server.deps()).db(tenant).one(beginStatement(tenant, server.now, true));
}

/** Marks that are there, as `subject key`. */
export async function marks(tenant: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT subject, key FROM journal_marks WHERE tenant_id = ? ORDER BY page, subject, key",
  )
    .bind(tenant)
    .all<{ subject: string; key: string }>();
  return results.map(({ subject, key }) => `${subject} ${key}`);
}
