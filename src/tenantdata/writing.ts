import type { Deps } from "../platform/deps.ts";
import { addedTo } from "./archive-format.ts";
import type { PartWriter } from "./archive-part.ts";
import type { ExportRow } from "./export-store.ts";
import type { Position } from "./position.ts";

/** What ends an export for good; the text is for whoever asked for it. */
export class ExportFault extends Error {}

/** A part on its way, and where the archive goes on after it. */
export interface Writing {
  deps: Deps;
  row: Pick<ExportRow, "tenant_id" | "export_id" | "objects" | "created_ms">;
  part: PartWriter;
  position: Position;
}

const encoder = new TextEncoder();

export const jsonBytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** Adds an entry to the part and to the sum of its section. */
export function addEntry(writing: Writing, name: string, content: Uint8Array, lines: number): void {
  writing.part.add(name, content);
  writing.position = { ...writing.position, sum: addedTo(writing.position.sum, name, content, lines) };
}
