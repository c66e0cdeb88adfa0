import { sql } from "drizzle-orm";
import { change, mapped, rows, type Statement } from "../platform/database.ts";

/** Tables that belong to a full-text one and go with it. */
const SHADOW = /_(data|idx|content|docsize|config)$/;

/** Names of the tables of the product, without those that go with another. */
export const tableNames: Statement<string[]> = mapped(
  rows<{ name: string; isVirtual: number }>(sql`
  SELECT name, sql LIKE 'CREATE VIRTUAL TABLE%' AS isVirtual FROM sqlite_master
  WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'
  ORDER BY isVirtual DESC, name`),
  (found) => {
    const virtual = new Set(found.filter(({ isVirtual }) => isVirtual === 1).map(({ name }) => name));
    return found
      .map(({ name }) => name)
      .filter((name) => !SHADOW.test(name) || !virtual.has(name.replace(SHADOW, "")));
  },
);

export const viewNames: Statement<string[]> = mapped(
  rows<{ name: string }>(sql`SELECT name FROM sqlite_master WHERE type = 'view'`),
  (found) => found.map(({ name }) => name),
);

export const dropView = (name: string): Statement<number> => change(sql`DROP VIEW ${sql.identifier(name)}`);

export const dropTable = (name: string): Statement<number> => change(sql`DROP TABLE ${sql.identifier(name)}`);
