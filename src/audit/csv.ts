import { csvLine as line } from "../platform/csv.ts";
import type { Entry } from "./entry.ts";

/** Where each column of the export is found in an entry; the web UI knows all but the last. */
const COLUMNS: readonly string[][] = [
  ["action"],
  ["actor", "id"],
  ["actor", "type"],
  ["actor", "email"],
  ["actor", "identity_data"],
  ["object", "id"],
  ["object", "type"],
  ["object", "user", "email"],
  ["object", "deployment", "name"],
  ["object", "deployment", "artifact_name"],
  ["change"],
  ["time"],
];

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);

export interface CsvFormat {
  separator: string;
  /** A column that is left out. */
  ignore: string | undefined;
}

const columnsOf = ({ separator, ignore }: CsvFormat) =>
  COLUMNS.filter((path) => path.join(separator) !== ignore);

export const csvHead = (format: CsvFormat): string =>
  line(columnsOf(format).map((path) => path.join(format.separator)));

export const csvLine = (entry: Entry, format: CsvFormat): string =>
  line(columnsOf(format).map((path) => textOf(path.reduce<unknown>(member, entry))));
