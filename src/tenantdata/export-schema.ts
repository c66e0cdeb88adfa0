import { z } from "@hono/zod-openapi";
import { jsonContent } from "../platform/wire.ts";

const NewExport = z
  .object({
    objects: z
      .enum(["included", "referenced"], { error: "must be included or referenced" })
      .default("included")
      .openapi({ description: "Whether stored files come along, or their names only" }),
  })
  .openapi("NewTenantExport");

export const Export = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    state: z.enum(["running", "done", "failed"]),
    objects: z.enum(["included", "referenced"]),
    created_at: z.string(),
    created_by: z.string(),
    expires_at: z.string(),
    size: z.number().int().openapi({ description: "Bytes of the archive so far" }),
    progress: z.object({
      section: z.string().optional().openapi({ description: "What is being copied" }),
      sections_done: z.number().int(),
      sections: z.number().int(),
      lines: z.number().int(),
      parts: z.number().int(),
    }),
    error: z.string().optional(),
  })
  .openapi("TenantExport");

export const Link = z.object({ uri: z.string(), expire: z.string() }).openapi("TenantExportLink");

export const exportBody = { required: false, content: jsonContent(NewExport) } as const;
