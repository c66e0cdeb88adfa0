import { csvHead, csvLine, type CsvFormat } from "./csv.ts";
import type { Entry } from "./entry.ts";

/** How an exported log is written. */
export interface ExportFormat {
  head?: string;
  line: (entry: Entry) => string;
}

export const csv = (format: CsvFormat): ExportFormat => ({
  head: csvHead(format),
  line: (entry) => csvLine(entry, format),
});

/** Each entry as the list shows it, on a line of its own. */
export const jsonLines: ExportFormat = { line: (entry) => `${JSON.stringify(entry)}\n` };
