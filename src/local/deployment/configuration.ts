import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../data-folder.ts";

/** What wrangler.toml names and an account has to have. */
export interface Names {
  worker: string;
  database: string;
  /** As it stands there; the one in the repository is nobody's. */
  databaseId: string;
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

export function namesIn(text: string): Names {
  return {
    worker: one(text, "name"),
    database: one(text, "database_name"),
    databaseId: one(text, "database_id"),
    bucket: one(text, "bucket_name"),
    queues: [...new Set(values(text, "queue"))],
  };
}

export const withDatabaseId = (text: string, id: string): string =>
  text.replace(/^database_id = "[^"]*"/m, `database_id = "${id}"`);

export const readConfiguration = (): string => readFileSync(CONFIGURATION, "utf8");

export const writeConfiguration = (text: string): void => writeFileSync(CONFIGURATION, text);
