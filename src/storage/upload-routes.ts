import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { App, AppEnv } from "../platform/app-env.ts";
import { asTenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import { publicRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { binaryBody, linkQuery, refuseBadParameters, refuseLink } from "./link-routes.ts";
import { USER_QUERY, userRecipientOf, verifyLink } from "./links.ts";
import { receivePart, receiveWhole, showUpload } from "./uploads.ts";

const PATH = "/api/storage/v1/uploads/{tenant}/{id}";
const tags = ["storage"];
const params = z.object({ tenant: z.string(), id: z.string() });

export const UploadStatusSchema = z
  .object({
    id: z.string(),
    state: z.enum(["open", "verifying", "done", "failed"]),
    part_size: z.number().int().openapi({ description: "Size of every part but the last" }),
    parts: z.array(z.object({ part: z.number().int(), size: z.number().int() })),
    expire: z.string(),
    error: z.string().optional().openapi({ description: "Why the artifact was refused" }),
  })
  .openapi("UploadStatus");

const partNumber = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, { error: `must be a number from 1 to ${STORAGE.parts}` })
  .transform(Number)
  .refine((part) => part <= STORAGE.parts, { error: `must be a number from 1 to ${STORAGE.parts}` })
  .optional()
  .openapi({ type: "integer", minimum: 1, maximum: STORAGE.parts });

const putRoute = publicRoute({
  method: "put",
  path: PATH,
  summary: "Send an artifact, or one part of it, by a signed link",
  tags,
  security: [],
  body: "stream",
  request: { params, query: linkQuery.extend({ part: partNumber }) },
  requestBody: { required: true, content: binaryBody },
  responses: {
    200: {
      description: "Stored",
      content: jsonContent(
        z.object({ part: z.number().int().optional(), size: z.number().int().optional() }),
      ),
    },
    ...faultResponses(400, 403, 404, 409, 413),
  },
});

const statusRoute = publicRoute({
  method: "get",
  path: PATH,
  summary: "How far an upload came, by the link to it",
  tags,
  security: [],
  request: { params, query: linkQuery },
  responses: {
    200: { description: "Parts that arrived", content: jsonContent(UploadStatusSchema) },
    ...faultResponses(400, 403, 404),
  },
});

const admit = async (c: Context<AppEnv>) =>
  refuseLink(await verifyLink(c.var.deps, new URL(c.req.url), { method: "PUT", query: USER_QUERY }));

/** Whom a verified link was given to. */
const holderOf = ({ req }: Context<AppEnv>) =>
  userRecipientOf({ user: req.query("user"), token: req.query("token") });

export function mountUploads(app: App): void {
  app.openapi(
    putRoute,
    async (c) => {
      await admit(c);
      const { tenant, id } = c.req.valid("param");
      const { part } = c.req.valid("query");
      const declared = c.req.header("content-length");
      const body = {
        holder: holderOf(c),
        stream: c.req.raw.body,
        declaredBytes: declared === undefined ? undefined : Number(declared),
      };
      if (part === undefined) {
        await receiveWhole(c.var.deps, asTenantId(tenant), id, body);
        return c.json({}, 200);
      }
      const { size } = await receivePart(c.var.deps, asTenantId(tenant), id, part, body);
      return c.json({ part, size }, 200);
    },
    refuseBadParameters,
  );
  app.openapi(
    statusRoute,
    async (c) => {
      await admit(c);
      const { tenant, id } = c.req.valid("param");
      return c.json(await showUpload(c.var.deps, asTenantId(tenant), id, holderOf(c)), 200);
    },
    refuseBadParameters,
  );
}
