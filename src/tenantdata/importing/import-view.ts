import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../../platform/clock.ts";
import { SECTIONS } from "../archive-format.ts";
import { ARCHIVE_PART_BYTES } from "../limits.ts";
import { partsOf } from "./archive-cursor.ts";
import type { ImportPosition } from "./import-position.ts";
import type { ImportRow } from "./import-store.ts";

export const Import = z
  .object({
    id: z.string(),
    state: z.enum(["uploading", "running", "done", "failed", "cancelled"]),
    step: z.string(),
    tenant_id: z.string().optional().openapi({ description: "Whose the archive is, as soon as it was read" }),
    objects: z.enum(["included", "referenced"]).optional(),
    created_at: z.string(),
    updated_at: z.string(),
    size: z.number().int().openapi({ description: "Bytes of the archive" }),
    part_size: z.number().int().openapi({ description: "Bytes of every part but the last" }),
    parts: z.number().int().openapi({ description: "Parts that the archive has" }),
    parts_received: z
      .array(z.number().int())
      .optional()
      .openapi({ description: "While it is uploaded: the parts that arrived" }),
    progress: z.object({
      section: z.string().optional().openapi({ description: "What is being read or written" }),
      sections_done: z.number().int().openapi({ description: "Of the check" }),
      sections: z.number().int(),
      lines: z.number().int().openapi({ description: "Lines of the archive that were checked" }),
      rows: z.number().int().openapi({ description: "Rows that were written" }),
      files: z
        .number()
        .int()
        .openapi({ description: "Files that were written, or found where they should be" }),
    }),
    left_out: z.object({
      users: z.number().int().openapi({ description: "Users whose address somebody else has here" }),
      addresses: z.array(z.string()).openapi({ description: "Some of their addresses" }),
      memberships: z.number().int().openapi({ description: "Places of users of other tenants" }),
    }),
    error: z.string().optional(),
  })
  .openapi("TenantImport");

export type ImportView = z.output<typeof Import>;

const ENDED = ["uploading", "done", "failed", "cancelled"] as const;

export function viewOf(row: ImportRow, received?: readonly number[]): ImportView {
  const { found, section, rows, files, leftOut } = JSON.parse(row.position) as ImportPosition; // only this domain writes it
  const now = section === "" ? found.sum?.name : section;
  const state = ENDED.find((one) => one === row.step) ?? "running";
  const { header } = found;
  return {
    id: row.import_id,
    state,
    step: row.step,
    ...(header && { tenant_id: header.tenant, objects: header.objects }),
    created_at: rfc3339(row.created_ms),
    updated_at: rfc3339(row.updated_ms),
    size: row.size,
    part_size: ARCHIVE_PART_BYTES,
    parts: partsOf(row.size),
    ...(received && { parts_received: [...received] }),
    progress: {
      ...(state === "running" && now !== undefined && { section: now }),
      sections_done: found.done.length,
      sections: SECTIONS.length,
      lines: found.lines,
      rows,
      files,
    },
    left_out: leftOut,
    ...(row.failure !== null && { error: row.failure }),
  };
}
