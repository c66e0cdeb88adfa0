import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { operatorOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { addAudit, type AuditActor } from "../platform/audit.ts";
import { Fault } from "../platform/fault.ts";
import { asUserId, type TenantId } from "../platform/ids.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { tenantStatement } from "../tenants/index.ts";
import { listEntries } from "./entries.ts";
import { Entry, FILTERS, toFilter } from "./schema.ts";

const TENANT = "/api/internal/v1/auditlogs/tenants/{tenant_id}";
const tags = ["auditlogs internal"];
const params = z.object({ tenant_id: z.string() });

const BLANK = "cannot be blank";
const text = (max: number) =>
  z
    .string({ error: BLANK })
    .min(1, { error: BLANK })
    .max(max, { error: `the length must be no more than ${max}` });

const DETAILS = ["tenant", "user", "deployment", "artifact", "device"] as const;
const MAX_DETAIL = 20;
const MAX_CHANGE = 65_536;

const Detail = z
  .record(z.string().max(256), text(4096))
  .refine((detail) => Object.keys(detail).length <= MAX_DETAIL, {
    error: `must have no more than ${MAX_DETAIL}`,
  })
  .optional();

const NewEntry = z
  .object({
    time: z.iso.datetime({ offset: true, error: "must be a time" }).openapi({ format: "date-time" }),
    action: text(64),
    actor: z.object(
      {
        id: text(256),
        type: z.enum(["user", "device"], { error: "must be user or device" }),
        email: z.string().max(256).optional(),
        identity_data: z.string().max(4096).optional(),
      },
      { error: BLANK },
    ),
    object: z.object(
      {
        id: text(1024),
        type: text(64),
        tenant: Detail,
        user: Detail,
        deployment: Detail,
        artifact: Detail,
        device: Detail,
      },
      { error: BLANK },
    ),
    change: z.string().max(MAX_CHANGE).optional(),
  })
  .openapi("NewAuditLog");

const create = operatorRoute({
  method: "post",
  path: `${TENANT}/logs`,
  tags,
  summary: "Add an entry to the audit log of a tenant",
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(NewEntry) } },
  responses: { 201: { description: "Added" }, ...faultResponses(400, 401, 404, 415) },
});

const list = operatorRoute({
  method: "get",
  path: `${TENANT}/logs`,
  tags,
  summary: "List the audit log of a tenant",
  request: { params, query: z.object({ ...pageQuery(10), ...FILTERS }) },
  responses: {
    200: {
      description: "Entries; `X-Total-Count` counts up to 10,000",
      content: jsonContent(z.array(Entry)),
    },
    ...faultResponses(400, 401, 404),
  },
});

const remove = operatorRoute({
  method: "delete",
  path: TENANT,
  tags,
  summary: "Make sure that nothing is left of the log of a tenant that is gone",
  request: { params },
  responses: { 204: { description: "Nothing is" }, ...faultResponses(401, 409) },
});

type NewEntry = z.output<typeof NewEntry>;

const actorOf = (tenant: TenantId, { id, type, email }: NewEntry["actor"]): AuditActor =>
  type === "user"
    ? { kind: "user", tenant, user: asUserId(id), email: email ?? "" }
    : { kind: "device", tenant, device: id };

function detailOf(object: NewEntry["object"]): Record<string, unknown> | undefined {
  const told = DETAILS.flatMap((name) => (object[name] === undefined ? [] : [[name, object[name]] as const]));
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

const tenantIn = (c: Context<AppEnv>) => operatorOf(c, c.req.param("tenant_id")).tenant;

/** The original's way for its services to write to the log (protocol notes, tenancy and audit 7). */
export function mountAuditInternal(app: App): void {
  app.openapi(create, async (c) => {
    const { deps } = c.var;
    const tenant = tenantIn(c);
    const { time, action, actor, object, change } = c.req.valid("json");
    const detail = detailOf(object);
    const entry = {
      action,
      object: { type: object.type, id: object.id, ...(detail && { detail }) },
      ...(change !== undefined && { change }),
    };
    // Nothing has happened yet that is still to come.
    const at = Math.min(Date.parse(time), deps.now());
    await deps.db(tenant).one(addAudit(actorOf(tenant, actor), entry, at));
    return c.body(null, 201);
  });
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const { entries, total } = await listEntries(
      c.var.deps,
      { kind: "operator", tenant: tenantIn(c) },
      toFilter(query),
      page,
    );
    setPageHeaders(c, page, { total });
    return c.json(entries, 200);
  });
  app.openapi(remove, async (c) => {
    // A log that somebody can empty proves nothing; it goes with its tenant.
    if (await c.var.deps.directory.one(tenantStatement(tenantIn(c))))
      throw new Fault("conflict", "the tenant is there: its log goes with it");
    return c.body(null, 204);
  });
}
