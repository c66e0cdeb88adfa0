import { is, SQL } from "drizzle-orm";
import { getTableConfig, SQLiteTable, type SQLiteColumn } from "drizzle-orm/sqlite-core";
import { beforeEach, expect, test } from "vitest";
import * as consent from "../../src/consent/tables.ts";
import * as deployments from "../../src/deployments/tables.ts";
import * as records from "../../src/deployments/record-tables.ts";
import * as rollouts from "../../src/deployments/rollout-tables.ts";
import * as deviceauth from "../../src/deviceauth/tables.ts";
import * as deviceconfig from "../../src/deviceconfig/tables.ts";
import * as deviceconnect from "../../src/deviceconnect/tables.ts";
import * as devicemonitor from "../../src/devicemonitor/tables.ts";
import * as devices from "../../src/devices/tables.ts";
import * as events from "../../src/events/tables.ts";
import * as inventory from "../../src/inventory/tables.ts";
import * as iotmanager from "../../src/iotmanager/tables.ts";
import * as platform from "../../src/platform/tables.ts";
import * as releases from "../../src/releases/tables.ts";
import * as storage from "../../src/storage/tables.ts";
import * as tenantdata from "../../src/tenantdata/tables.ts";
import * as tenants from "../../src/tenants/tables.ts";
import * as sso from "../../src/useradm/sso/tables.ts";
import * as useradm from "../../src/useradm/tables.ts";
import * as webhooks from "../../src/webhooks/tables.ts";
import * as workflows from "../../src/workflows/tables.ts";
import { env, Server } from "../support/server.ts";

const DOMAINS = [
  platform,
  tenants,
  tenantdata,
  devices,
  deviceauth,
  inventory,
  useradm,
  sso,
  storage,
  releases,
  deployments,
  rollouts,
  records,
  deviceconfig,
  deviceconnect,
  consent,
  events,
  iotmanager,
  devicemonitor,
  webhooks,
  workflows,
];

const TABLES = DOMAINS.flatMap((domain) => Object.values(domain).filter((value) => is(value, SQLiteTable)));

/** The full-text index and the tables that SQLite makes for it: no builder knows them. */
const TEXT_INDEX = /^inventory_text(_data|_idx|_docsize|_config)?$/;

/** What SQLite and the platform keep for themselves. */
const OF_THE_PLATFORM = /^(sqlite|_cf)_/;

/** A row of `PRAGMA table_xinfo`. */
interface Column {
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  /** Place in the primary key, from 1. */
  pk: number;
  /** Not 0 for a generated column. */
  hidden: number;
}

const VIRTUAL = 2;

const defaultOf = ({ default: value }: SQLiteColumn): string | null => {
  if (value === undefined) return null;
  if (is(value, SQL)) return value.queryChunks.map((chunk) => (chunk as { value: string[] }).value).join("");
  return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
};

/** The columns as the database describes them. */
function columnsOf(table: SQLiteTable): Column[] {
  const { columns, primaryKeys } = getTableConfig(table);
  const key = [...columns.filter(({ primary }) => primary), ...primaryKeys.flatMap((of) => of.columns)];
  return columns.map((column) => ({
    name: column.name,
    type: column.getSQLType().toUpperCase(),
    notnull: Number(column.notNull),
    dflt_value: defaultOf(column),
    pk: key.findIndex(({ name }) => name === column.name) + 1,
    hidden: column.generated ? VIRTUAL : 0,
  }));
}

async function columnsInDatabase(table: string): Promise<Column[]> {
  const { results } = await env.DB.prepare(
    `SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)`,
  )
    .bind(table)
    .all<Column>();
  // The number of a row is never null, and is declared without saying so.
  const isRowNumber = ({ type, pk }: Column) =>
    type === "INTEGER" && pk === 1 && !results.some((other) => other.pk > 1);
  return results.map((column) => (isRowNumber(column) ? { ...column, notnull: 1 } : column));
}

beforeEach(async () => {
  await Server.start();
});

test("every table of the database is declared, and nothing else", async () => {
  const { results } = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{
    name: string;
  }>();
  const found = results
    .map(({ name }) => name)
    .filter((name) => !TEXT_INDEX.test(name) && !OF_THE_PLATFORM.test(name));
  expect(TABLES.map((table) => getTableConfig(table).name).sort()).toEqual(found.sort());
});

test.each(TABLES.map((table) => [getTableConfig(table).name, table] as const))(
  "table %s is declared as the migrations made it",
  async (name, table) => {
    expect(columnsOf(table)).toEqual(await columnsInDatabase(name));
  },
);
