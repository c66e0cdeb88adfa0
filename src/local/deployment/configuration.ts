import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../data-folder.ts";

export interface DatabaseName {
  binding: string;
  name: string;
  /** As it stands there; the one in the repository is nobody's. */
  id: string;
}

/** What wrangler.toml names and an account has to have. */
export interface Names {
  worker: string;
  databases: DatabaseName[];
  bucket: string;
  queues: string[];
}

const CONFIGURATION = join(projectRoot, "wrangler.toml");

const values = (text: string, key: string): string[] =>
  [...text.matchAll(new RegExp(`^${key} = "([^"]*)"`, "gm"))].map(([, value = ""]) => value);

function one(text: string, key: string): string {
  const [value] = values(text, key);
  if (value === undefined) throw new Error(`wrangler.toml has no ${key}`);
  return value;
}

const BLOCK = /^\[\[d1_databases\]\]\n(?:(?!\[).*\n?)*/gm;

const databasesIn = (text: string): DatabaseName[] =>
  [...text.matchAll(BLOCK)].map(([block]) => ({
    binding: one(block, "binding"),
    name: one(block, "database_name"),
    id: one(block, "database_id"),
  }));

export function namesIn(text: string): Names {
  return {
    worker: one(text, "name"),
    databases: databasesIn(text),
    bucket: one(text, "bucket_name"),
    queues: [...new Set(values(text, "queue"))],
  };
}

/** The text with the id of a database of this name. */
export const withDatabaseId = (text: string, name: string, id: string): string =>
  text.replace(BLOCK, (block) =>
    one(block, "database_name") === name
      ? block.replace(/^database_id = "[^"]*"/m, `database_id = "${id}"`)
      : block,
  );

const NOBODYS = "00000000-0000-0000-0000-000000000000";

/** The text with bindings for so many databases; those that it has stay. */
export function withDatabases(text: string, count: number): string {
  const there = databasesIn(text);
  const [first] = there;
  if (!first) throw new Error("wrangler.toml has no database");
  const missing = Array.from({ length: count - 1 }, (_, i) => i + 2)
    .slice(there.length - 1)
    .map(
      (number) =>
        `[[d1_databases]]\nbinding = "DATA_${number}"\ndatabase_name = "${first.name}-${number}"\ndatabase_id = "${NOBODYS}"\nmigrations_dir = "migrations"\n\n`,
    );
  const last = [...text.matchAll(BLOCK)].at(-1);
  const end = (last?.index ?? 0) + (last?.[0].length ?? 0);
  return text.slice(0, end) + missing.join("") + text.slice(end);
}

export const readConfiguration = (): string => readFileSync(CONFIGURATION, "utf8");

export const writeConfiguration = (text: string): void => writeFileSync(CONFIGURATION, text);
