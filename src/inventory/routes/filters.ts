import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { hasNextPage, pageOf, pageQuery, setPageHeaders } from "../../platform/paging.ts";
import { userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { createFilter, deleteFilter, runFilter, savedFilters, showFilter, updateFilter } from "../filters.ts";
import { refuseList } from "../refuse.ts";
import { NameText } from "../schema.ts";
import { MAX_PREDICATES, PredicateInput } from "../search/schema.ts";
import { foundDevices } from "./search.ts";

const base = "/api/management/v2/inventory/filters";
const params = z.object({ id: z.string().max(256) });

const FilterInput = z
  .object({
    name: NameText,
    terms: z
      .array(PredicateInput)
      .max(MAX_PREDICATES, { error: `the length must be no more than ${MAX_PREDICATES}` })
      .nullish()
      .transform((terms) => terms ?? [])
      .refine((terms) => terms.length > 0, {
        error: "at least one filter term must be provided",
        params: { verbatim: true },
      }),
  })
  .openapi("FilterDefinition");

export const FilterOut = z
  .object({
    id: z.string(),
    name: z.string(),
    terms: z.array(
      z.object({ scope: z.string(), attribute: z.string(), type: z.string(), value: z.unknown() }),
    ),
  })
  .openapi("Filter");

const DECODE = "failed to decode request body: ";
const definition = { required: true, content: jsonContent(FilterInput) };

const listRoute = userRoute(within("devices:read"), {
  feature: "dynamic_groups",
  method: "get",
  path: base,
  tags: ["inventory"],
  summary: "List saved filters",
  request: { query: z.object(pageQuery()) },
  responses: {
    200: { description: "One page of filters", content: jsonContent(z.array(FilterOut)) },
    ...faultResponses(400, 401, 403),
  },
});

const createFilterRoute = userRoute("devices:manage", {
  feature: "dynamic_groups",
  method: "post",
  path: base,
  tags: ["inventory"],
  summary: "Save a filter: its devices are a dynamic group",
  middleware: jsonBody(DECODE),
  request: { body: definition },
  responses: { 201: { description: "Saved; `Location` names it" }, ...faultResponses(400, 401, 403, 409) },
});

const showRoute = userRoute(within("devices:read"), {
  feature: "dynamic_groups",
  method: "get",
  path: `${base}/{id}`,
  tags: ["inventory"],
  summary: "Show a saved filter",
  request: { params },
  responses: {
    200: { description: "The filter", content: jsonContent(FilterOut) },
    ...faultResponses(401, 403, 404),
  },
});

const updateRoute = userRoute("devices:manage", {
  feature: "dynamic_groups",
  method: "put",
  path: `${base}/{id}`,
  tags: ["inventory"],
  summary: "Replace a saved filter",
  middleware: jsonBody(DECODE),
  request: { params, body: definition },
  responses: { 204: { description: "Replaced" }, ...faultResponses(400, 401, 403, 404, 409) },
});

const deleteRoute = userRoute("devices:manage", {
  feature: "dynamic_groups",
  method: "delete",
  path: `${base}/{id}`,
  tags: ["inventory"],
  summary: "Delete a saved filter",
  request: { params },
  responses: { 204: { description: "Deleted" }, ...faultResponses(401, 403, 404) },
});

const runRoute = userRoute(within("devices:read"), {
  feature: "dynamic_groups",
  method: "get",
  path: `${base}/{id}/search`,
  tags: ["inventory"],
  summary: "List the devices that satisfy a saved filter",
  request: { params, query: z.object(pageQuery()) },
  responses: { 200: foundDevices, ...faultResponses(400, 401, 403, 404) },
});

/** As `refuseList`, with the original's words before what is wrong with a term. */
const refuseFilter = (result: Parameters<ReturnType<typeof refuseList>>[0]): undefined => {
  if (result.success) return undefined;
  const { issues } = result.error;
  const inTerm =
    !issues.some(({ path }) => path[0] !== "terms") && issues.some(({ path }) => path.length > 1);
  try {
    return refuseList(DECODE)(result);
  } catch (cause) {
    if (!inTerm || !(cause instanceof Fault) || cause.publicMessage.startsWith(DECODE)) throw cause;
    throw new Fault("bad_request", `validation failed for term: ${cause.publicMessage}`);
  }
};

export function mountFilterRoutes(app: App): void {
  app.openapi(
    listRoute,
    async (c) => {
      const page = pageOf(c.req.valid("query"));
      const { filters, total } = await savedFilters(c.var.deps, userOf(c), page);
      setPageHeaders(c, page, { total });
      return c.json(filters, 200);
    },
    refuseInvalid(),
  );
  app.openapi(
    createFilterRoute,
    async (c) => {
      const id = await createFilter(c.var.deps, userOf(c), c.req.valid("json"));
      c.header("Location", `${base}/${id}`);
      return c.body(null, 201);
    },
    refuseFilter,
  );
  app.openapi(showRoute, async (c) =>
    c.json(await showFilter(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
  app.openapi(
    updateRoute,
    async (c) => {
      await updateFilter(c.var.deps, userOf(c), c.req.valid("param").id, c.req.valid("json"));
      return c.body(null, 204);
    },
    refuseFilter,
  );
  app.openapi(deleteRoute, async (c) => {
    await deleteFilter(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(
    runRoute,
    async (c) => {
      const page = pageOf(c.req.valid("query"));
      const found = await runFilter(c.var.deps, userOf(c), c.req.valid("param").id, page);
      const { devices, ...total } = found;
      setPageHeaders(c, page, { ...total, hasNext: hasNextPage(total, page, devices.length) });
      return c.json(devices, 200);
    },
    refuseInvalid(),
  );
}
