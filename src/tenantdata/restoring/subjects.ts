import { SUBJECTS, type Subject } from "../journal/subjects.ts";
import { TENANT_TABLES, type TenantTable } from "../tenant-tables.ts";

export const tableOf = (name: string): TenantTable => {
  const table = TENANT_TABLES.find((one) => one.name === name);
  if (!table) throw new Error(`there is no table ${name}`);
  return table;
};

/** What devices are and may do: put back after that which gives them work, so that none is told that it has none. */
const OF_DEVICES = new Set(["devices", "inventory_devices"]);

const namesOf = ({ tables }: Subject): string[] => tables.map(({ name }) => name);
const isAbout = (subject: Subject, tables: ReadonlySet<string>) =>
  namesOf(subject).some((name) => tables.has(name));

/** The subject with the rows of a table. */
const subjectOf = (table: string): string =>
  SUBJECTS.find((subject) => isAbout(subject, new Set([table])))?.name ?? table;

export const DEVICE = subjectOf("devices");
export const DEPLOYMENT = subjectOf("deployments");

/** In the order in which rows are put back; what is too much is removed in the opposite one. */
export const PUT_ORDER: readonly Subject[] = [
  ...SUBJECTS.filter((subject) => !isAbout(subject, OF_DEVICES)),
  ...SUBJECTS.filter((subject) => isAbout(subject, OF_DEVICES)),
];

/** What was uploaded since stays: nobody is given it, and its files could not be brought back. */
const STAYING = new Set(["artifacts", "releases", "update_types"]);

export const REMOVE_ORDER: readonly Subject[] = PUT_ORDER.filter(
  (subject) => !isAbout(subject, STAYING),
).toReversed();

/** Numbers that only grow: who has read one from before must not take what is written now for the same. */
const RISING: Readonly<Record<string, readonly string[]>> = {
  devices: ["revision"],
  inventory_devices: ["status_revision", "report_revision"],
};

/** Of these the later one stays. */
const LATEST: Readonly<Record<string, readonly string[]>> = {
  auth_sets: ["tokens_revoked_s"],
};

/** What was good for as long as the row was as it was. */
const EMPTIED: Readonly<Record<string, readonly string[]>> = {
  inventory_devices: ["changed", "pledge"],
};

/** How a column is put back; undefined for one that is not where the row is there. */
type Way = "as it was" | "rises" | "latest" | "emptied" | undefined;

export function wayOf(subject: Subject, table: string, column: string): Way {
  const { watched } = subject.tables.find(({ name }) => name === table) ?? {};
  if (RISING[table]?.includes(column)) return "rises";
  if (EMPTIED[table]?.includes(column)) return "emptied";
  if (LATEST[table]?.includes(column)) return "latest";
  return watched?.includes(column) === false ? undefined : "as it was";
}

/** Whether a row is another one for it. */
export function isCompared(subject: Subject, table: string, column: string): boolean {
  const { compared } = subject.tables.find(({ name }) => name === table) ?? {};
  return wayOf(subject, table, column) === "as it was" && compared?.includes(column) !== false;
}

/** Columns that tell rows apart besides the key: what has the value of a row that is put back gives way. */
export const UNIQUE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  devices: [["identity_hash"]],
  auth_sets: [["device_id", "key_hash", "tier"]],
  inventory_filters: [["name"]],
  deployments: [["deployment_id"], ["idempotency_key"]],
  deployment_templates: [["name"]],
};
