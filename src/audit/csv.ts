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

/** Quoted where needed; what a spreadsheet would run as a formula is made text. */
function cell(value: unknown): string {
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export interface CsvFormat {
  separator: string;
  /** A column that is left out. */
  ignore: string | undefined;
}

const columnsOf = ({ separator, ignore }: CsvFormat) =>
  COLUMNS.filter((path) => path.join(separator) !== ignore);

const line = (cells: string[]) => `${cells.join(",")}\r\n`;

export const csvHead = (format: CsvFormat): string =>
  line(columnsOf(format).map((path) => cell(path.join(format.separator))));

export const csvLine = (entry: Entry, format: CsvFormat): string =>
  line(columnsOf(format).map((path) => cell(path.reduce<unknown>(member, entry))));
