import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { withMembers } from "../platform/json-members.ts";
import { userRoute } from "../platform/route.ts";
import { describeIssues, faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { bulkPreauthorize, bulkSetStatus, MAX_ITEMS, type ItemResult } from "./bulk.ts";
import type { Preauthorization } from "./preauthorize.ts";
import { PreauthorizationBody } from "./schema.ts";
import { USER_STATUSES } from "./states.ts";

const base = "/api/management/v2/devauth/bulk";
const tags = ["deviceauth extensions"];
const INVALID = "failed to decode bulk request: ";

const Result = z
  .object({
    status: z.int().openapi({ description: "HTTP status of the same request for this item alone" }),
    device_id: z.string().optional(),
    auth_set_id: z.string().optional(),
    error: z.string().optional(),
  })
  .openapi("BulkResult");
const Results = z
  .object({ succeeded: z.int(), failed: z.int(), results: z.array(Result) })
  .openapi("BulkResults", { description: "One result per item, in order" });

const items = <T extends z.ZodType>(item: T) =>
  z
    .array(item, { error: "must be a list" })
    .min(1, { error: "cannot be blank" })
    .max(MAX_ITEMS, { error: `must be no more than ${MAX_ITEMS}` });

const blank = "cannot be blank";

const StatusBody = z
  .object({
    status: z.enum(USER_STATUSES, { error: `must be one of: ${USER_STATUSES.join(", ")}` }),
    devices: items(
      z.object({
        id: z.string({ error: blank }).min(1, { error: blank }),
        auth_set_id: z
          .string()
          .optional()
          .openapi({ description: "May be left out for a device with a single authentication set" }),
      }),
    ),
  })
  .openapi("BulkStatus");

/** Items are checked one by one, so that one bad item does not fail the others. */
const PreauthorizeBody = z
  .object({
    devices: items(z.unknown()).openapi({
      type: "array",
      items: { type: "object" },
      maxItems: MAX_ITEMS,
    }),
  })
  .openapi("BulkPreauthorization");

const responses = {
  200: { description: "What became of each item", content: jsonContent(Results) },
  ...faultResponses(400, 401, 403),
};

const statusRoute = userRoute("devices:manage", {
  method: "post",
  path: `${base}/status`,
  tags,
  summary: "Accept, reject or take back many devices",
  middleware: jsonBody(INVALID),
  request: { body: { required: true, content: jsonContent(StatusBody) } },
  responses,
});

const preauthorizeRoute = userRoute("devices:manage", {
  method: "post",
  path: `${base}/preauthorize`,
  tags,
  summary: "Preauthorise many devices",
  middleware: jsonBody(INVALID),
  request: { body: { required: true, content: jsonContent(PreauthorizeBody) } },
  responses,
});

const toWire = (results: readonly ItemResult[]): z.input<typeof Results> => {
  const succeeded = results.filter(({ status }) => status < 300).length;
  return {
    succeeded,
    failed: results.length - succeeded,
    results: results.map(({ status, device, set, error }) => ({
      status,
      ...(device !== undefined && { device_id: device }),
      ...(set !== undefined && { auth_set_id: set }),
      ...(error !== undefined && { error }),
    })),
  };
};

type ReadItem = { item: Preauthorization } | { refusal: ItemResult };

function readItem(value: unknown): ReadItem {
  const parsed = PreauthorizationBody.safeParse(withMembers(PreauthorizationBody, value));
  if (!parsed.success) return { refusal: { status: 400, error: describeIssues(parsed.error.issues) } };
  const { identity_data: identity, pubkey: key, tier, force } = parsed.data;
  return { item: { identity, key, tier, force } };
}

/** Requests about many devices, an extension of the wire: each item is answered by itself. */
export function mountBulk(app: App): void {
  app.openapi(
    statusRoute,
    async (c) => {
      const { status, devices } = c.req.valid("json");
      const targets = devices.map(({ id, auth_set_id: set }) => ({ device: id, set }));
      return c.json(toWire(await bulkSetStatus(c.var.deps, userOf(c), targets, status)), 200);
    },
    refuseInvalid(INVALID),
  );
  app.openapi(
    preauthorizeRoute,
    async (c) => {
      const read = c.req.valid("json").devices.map(readItem);
      const good = read.flatMap((one) => ("item" in one ? [one.item] : []));
      const results = (await bulkPreauthorize(c.var.deps, userOf(c), good)).values();
      const inOrder = read.map((one) =>
        "refusal" in one ? one.refusal : (results.next().value ?? { status: 500 }),
      );
      return c.json(toWire(inOrder), 200);
    },
    refuseInvalid(INVALID),
  );
}
