import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId } from "../platform/ids.ts";
import { attributeCatalogue } from "./catalogue.ts";
import { deviceOf, type Device, type DeviceRow } from "./device-view.ts";
import { searchOf, within } from "./find.ts";
import { keyOf } from "./attributes.ts";
import type { ExportRequest } from "./search/schema.ts";
import { searchById, searchTextByAge, type Search } from "./search/search.ts";

export type ExportFormat = "csv" | "jsonl";

interface Column {
  scope: string;
  name: string;
}

/** Devices read by one statement: a megabyte or so. Between two of them others have their turn. */
const PIECE = 200;

/** The pages of a search, each read when the one before has been taken. */
async function* pagesOf(deps: Deps, actor: Actor, search: Search): AsyncGenerator<DeviceRow[]> {
  if (search.words) {
    const read = await searchTextByAge(deps, actor.tenant, search);
    for (let after = 0; ;) {
      const rows = await read({ after, limit: PIECE });
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (!last || rows.length < PIECE) return;
      after = last.device_no;
    }
  }
  const read = await searchById(deps, actor.tenant, search);
  for (let after: string | undefined; ;) {
    const rows = await read({ after: after === undefined ? undefined : asDeviceId(after), limit: PIECE });
    if (rows.length > 0) yield rows;
    if (rows.length < PIECE) return;
    after = rows.at(-1)?.device_id;
  }
}

/**
 * All devices of a search as text, read while it is sent. Faults of the search are thrown before anything is sent.
 * Without a choice of attributes a table has one column for each attribute in use, and lines of JSON have all.
 */
export async function exportDevices(
  deps: Deps,
  actor: Actor,
  request: ExportRequest,
  format: ExportFormat,
): Promise<ReadableStream<Uint8Array>> {
  const search = within(actor, searchOf(request));
  const selected = request.attributes?.map(({ scope, attribute }) => ({ scope, name: attribute }));
  const columns = selected ?? (format === "csv" ? await attributeCatalogue(deps, actor) : undefined);
  const keys = columns && new Set(columns.map(({ scope, name }) => keyOf(scope, name)));
  const pages = pagesOf(deps, actor, search);
  const first = await pages.next();
  const write = format === "csv" ? (device: Device) => csvLine(device, columns ?? []) : jsonLine;
  const heading =
    format === "csv" ? csvRow(["id", ...(columns ?? []).map(({ scope, name }) => `${scope}/${name}`)]) : "";
  const text = (rows: readonly DeviceRow[]) => rows.map((row) => write(deviceOf(row, keys))).join("");
  const encoder = new TextEncoder();
  let next: typeof first | undefined = first;
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (heading) controller.enqueue(encoder.encode(heading));
    },
    pull: async (controller) => {
      const page = next ?? (await pages.next());
      next = undefined;
      if (page.done) controller.close();
      else controller.enqueue(encoder.encode(text(page.value)));
    },
    cancel: async () => {
      await pages.return(undefined);
    },
  });
}

const jsonLine = (device: Device): string => `${JSON.stringify(device)}\n`;

function csvLine(device: Device, columns: readonly Column[]): string {
  const values = new Map(
    (device.attributes ?? []).map(({ scope, name, value }) => [`${scope}/${name}`, value]),
  );
  return csvRow([device.id, ...columns.map(({ scope, name }) => values.get(`${scope}/${name}`))]);
}

const csvRow = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(",")}\r\n`;

/** Spreadsheets take such beginnings for formulas, and these texts come from devices. */
const FORMULA = /^[=+\-@\t\r]/;

function csvCell(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
