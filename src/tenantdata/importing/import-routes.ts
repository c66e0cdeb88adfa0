import { z } from "@hono/zod-openapi";
import { operatorOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import type { Clock } from "../../platform/body-rate.ts";
import { Fault } from "../../platform/fault.ts";
import { STORAGE } from "../../platform/limits.ts";
import { pageOf, pageQuery, setPageHeaders } from "../../platform/paging.ts";
import { JurisdictionName } from "../../platform/placing.ts";
import { operatorRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { binaryBody, streamChunks } from "../../storage/index.ts";
import {
  ARCHIVE_BYTES,
  beginFromBucket,
  beginUpload,
  endImport,
  listImports,
  showImport,
} from "./imports.ts";
import { partToReceive, receivePart } from "./receive-parts.ts";
import { Import } from "./import-view.ts";

const PATH = "/api/operator/v1/tenants/imports";
const ONE_OF = "must have either size or object";

const NewImport = z
  .object({
    size: z
      .number({ error: "must be a number" })
      .int({ error: "must be a whole number" })
      .min(1, { error: "must be 1 or more" })
      .max(ARCHIVE_BYTES, { error: `must be no more than ${ARCHIVE_BYTES}` })
      .optional()
      .openapi({ description: "Bytes of an archive that is sent in parts" }),
    object: z
      .string({ error: "must be a string" })
      .max(STORAGE.keyBytes, { error: `the length must be no more than ${STORAGE.keyBytes}` })
      .regex(/^(?:imports|exports)\/[^\0]+$/, { error: "must be below imports/ or exports/" })
      .optional()
      .openapi({ description: "Name of an archive that is in the bucket, and stays there" }),
    jurisdiction: JurisdictionName.optional().openapi({ description: "Where the tenant is to live" }),
  })
  .refine(({ size, object }) => (size === undefined) !== (object === undefined), { error: ONE_OF })
  .openapi("NewTenantImport");

const tags = ["operator"];
const params = z.object({ id: z.string() });
const shown = (description: string) => ({ description, content: jsonContent(Import) });

const post = operatorRoute({
  method: "post",
  path: PATH,
  tags,
  summary: "Begin to bring in a tenant from an archive",
  description:
    "With `size` the archive is sent in parts, and with `object` it is in the bucket already. Nobody can use the tenant until all of it is there.",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewImport) } },
  responses: { 202: shown("It has begun"), ...faultResponses(400, 401, 409, 422) },
});

const list = operatorRoute({
  method: "get",
  path: PATH,
  tags,
  summary: "List imports of tenants, the newest first",
  request: { query: z.object(pageQuery()) },
  responses: {
    200: { description: "Imports", content: jsonContent(z.array(Import)) },
    ...faultResponses(400, 401),
  },
});

const get = operatorRoute({
  method: "get",
  path: `${PATH}/{id}`,
  tags,
  summary: "How far an import is",
  request: { params },
  responses: { 200: shown("The import"), ...faultResponses(401, 404) },
});

const remove = operatorRoute({
  method: "delete",
  path: `${PATH}/{id}`,
  tags,
  summary: "End an import and take back what it has written; one that is over is told of no more",
  request: { params },
  responses: {
    200: shown("It is taken back"),
    204: { description: "It was over: the tenant stays as it is" },
    ...faultResponses(401, 404),
  },
});

const partNumber = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, { error: `must be a number from 1 to ${STORAGE.parts}` })
  .transform(Number)
  .openapi({ type: "integer", minimum: 1, maximum: STORAGE.parts });

const put = operatorRoute({
  method: "put",
  path: `${PATH}/{id}/parts/{part}`,
  tags,
  summary: "Send a part of an archive; with the last one that is missing the import goes on by itself",
  body: "stream",
  request: { params: params.extend({ part: partNumber }) },
  requestBody: { required: true, content: binaryBody },
  responses: { 200: shown("It is kept"), ...faultResponses(400, 401, 404, 409, 422) },
});

/** A body of so many bytes, and no more of it. */
async function bytesOf(
  stream: ReadableStream<Uint8Array> | null,
  length: number,
  clock: Clock,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  if (stream)
    for await (const chunk of streamChunks(stream, { lend: true, clock })) {
      if (at + chunk.length > length) throw new Fault("bad_request", "the part is too long");
      bytes.set(chunk, at);
      at += chunk.length;
    }
  return bytes.subarray(0, at);
}

export function mountImports(app: App): void {
  app.openapi(post, async (c) => {
    operatorOf(c);
    const { size, object, jurisdiction } = c.req.valid("json");
    const { deps } = c.var;
    if (size !== undefined) return c.json(await beginUpload(deps, { size, jurisdiction }), 202);
    if (object !== undefined) return c.json(await beginFromBucket(deps, { object, jurisdiction }), 202);
    throw new Fault("bad_request", ONE_OF);
  });
  app.openapi(list, async (c) => {
    operatorOf(c);
    const page = pageOf(c.req.valid("query"));
    const { views, total } = await listImports(c.var.deps, page);
    setPageHeaders(c, page, { total });
    return c.json(views, 200);
  });
  app.openapi(get, async (c) => {
    operatorOf(c);
    return c.json(await showImport(c.var.deps, c.req.valid("param").id), 200);
  });
  app.openapi(remove, async (c) => {
    operatorOf(c);
    const view = await endImport(c.var.deps, c.req.valid("param").id);
    return view ? c.json(view, 200) : c.body(null, 204);
  });
  app.openapi(put, async (c) => {
    operatorOf(c);
    const { id, part } = c.req.valid("param");
    const declared = c.req.header("content-length");
    const row = await partToReceive(
      c.var.deps,
      id,
      part,
      declared === undefined ? undefined : Number(declared),
    );
    const bytes = await bytesOf(c.req.raw.body, Number(declared), c.var.deps);
    return c.json(await receivePart(c.var.deps, row, part, bytes), 200);
  });
}
