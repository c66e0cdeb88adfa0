import { headOf } from "../../checkin/index.ts";
import { Fault } from "../../platform/fault.ts";
import { putAllRows } from "../../platform/stored-rows.ts";
import { COPIED_TABLES, CONTACTS } from "../archive-format.ts";
import type { PartEntry } from "../archive-part.ts";
import { LEFT_OUT_TOLD } from "../limits.ts";
import type { CopiedRow } from "../rows-store.ts";
import type { TenantTable } from "../tenant-tables.ts";
import { contactsIn, rowsIn } from "./check-rows.ts";
import { ImportFault } from "./import-fault.ts";
import { keptStatement, takenUsersStatement, usersHereStatement } from "./import-store.ts";
import { databaseOf, type Writing } from "./importing.ts";

/** Tables with what a user has, by the column with the id; the tenant's own settings have none. */
const OF_USERS: Readonly<Record<string, string>> = {
  user_tokens: "user_id",
  account_secrets: "user_id",
  passkeys: "user_id",
  settings: "owner",
  sso_identities: "user_id",
  monitor_silenced: "user_id",
};

const USERS = "users";
const MEMBERSHIPS = "memberships";

const text = (row: CopiedRow, column: string): string => String(row[column] ?? "");

/** Users but those whose address, or id, is of somebody of another tenant: an archive gives nobody an account that is here. */
async function withoutTaken(writing: Writing, rows: readonly CopiedRow[]): Promise<CopiedRow[]> {
  const users = rows.map((row) => ({ id: text(row, "user_id"), email: text(row, "email") }));
  const taken = new Set(await writing.deps.directory.one(takenUsersStatement(writing.tenant, users)));
  const [left, kept] = [
    rows.filter((row) => taken.has(text(row, "user_id"))),
    rows.filter((row) => !taken.has(text(row, "user_id"))),
  ];
  const { leftOut } = writing.position;
  const addresses = [...leftOut.addresses, ...left.map((row) => text(row, "email"))].slice(0, LEFT_OUT_TOLD);
  writing.position = {
    ...writing.position,
    leftOut: { ...leftOut, users: leftOut.users + left.length, addresses },
  };
  return kept;
}

/** What of a page is written. */
async function admitted(writing: Writing, { name }: TenantTable, rows: CopiedRow[]): Promise<CopiedRow[]> {
  if (name === USERS) return withoutTaken(writing, rows);
  if (name === MEMBERSHIPS) {
    // Users of other tenants: whoever is to have a place here is given it anew.
    const { leftOut } = writing.position;
    const memberships = leftOut.memberships + rows.length;
    writing.position = { ...writing.position, leftOut: { ...leftOut, memberships } };
    return [];
  }
  const column = OF_USERS[name];
  if (column === undefined) return rows;
  const owners = [...new Set(rows.map((row) => text(row, column)))];
  const here = await writing.deps.directory.one(usersHereStatement(writing.tenant, owners));
  return rows.filter((row) => text(row, column) === "" || here.has(text(row, column)));
}

/** How the database words that it does not take a row, whenever it is asked. */
const REFUSED = /constraint|malformed JSON|JSON path|cannot store|too big|datatype/i;

function refusal(entry: string, cause: unknown): unknown {
  const isRefused =
    cause instanceof Fault
      ? cause.kind === "too_large"
      : cause instanceof Error && REFUSED.test(cause.message);
  return isRefused ? new ImportFault(`${entry}: the database does not take its rows`, { cause }) : cause;
}

async function writeRows(
  writing: Writing,
  table: TenantTable,
  { name: entry, content }: PartEntry,
): Promise<void> {
  const { tenant, columns } = writing;
  const page = rowsIn(entry, content, { table, columns: columns.get(table.name) ?? [], tenant });
  const rows = await admitted(writing, table, page.rows);
  if (rows.length > 0) {
    const put = putAllRows(table.name, page.columns, rows, "IGNORE");
    const results = await databaseOf(writing, table)
      .batch([...put, keptStatement(table, tenant, rows)])
      .catch((cause: unknown) => {
        throw refusal(entry, cause);
      });
    if (results.at(-1) !== rows.length)
      throw new ImportFault(
        `${entry}: some of its rows are not taken: they stand twice, break a rule of the table, or are somebody else's here`,
      );
  }
  writing.position = { ...writing.position, rows: writing.position.rows + rows.length };
}

/** The head of the tenant keeps when devices were last heard of; of the future nothing is known. */
async function writeContacts(writing: Writing, { name, content }: PartEntry): Promise<void> {
  const { deps, tenant } = writing;
  const nowMs = deps.now();
  const contacts = contactsIn(name, content).map(
    ([device, atMs]) => [device, Math.min(atMs, nowMs)] as const,
  );
  await headOf(deps.heads, tenant).note(tenant, contacts);
}

/** Writes a page of the section. Done twice it changes nothing. */
export async function writePage(writing: Writing, section: string, entry: PartEntry): Promise<void> {
  writing.position = { ...writing.position, section };
  if (section === CONTACTS) return writeContacts(writing, entry);
  const table = COPIED_TABLES.find(({ name }) => name === section);
  if (!table) throw new ImportFault(`${entry.name}: there is no such table`);
  await writeRows(writing, table, entry);
}
