import { z } from "@hono/zod-openapi";
import { MAX_TEXT } from "../inventory/index.ts";

export const MAX_PREDICATES = 15;
export const MAX_SORT_KEYS = 5;
export const MAX_LIST = 5000;
const MAX_TERMS = 100;
/** Levels of aggregations below the first. */
const MAX_NESTED = 5;
const MAX_BUCKETS = 10_000;
const DEFAULT_BUCKETS = 10;
const DEFAULT_PER_PAGE = 20;
/** What can be reached by pages, as in the original's index. */
const WINDOW = 10_000;

const noMoreThan = (max: number) => ({ error: `the length must be no more than ${max}` });

export const Word = z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" }).max(1024, {
  error: "the length must be between 1 and 1024",
});

export const oneOf = <T extends [string, ...string[]]>(values: T) =>
  z.enum(values, {
    error: ({ input }) =>
      input === undefined || input === "" ? "cannot be blank" : `must be a valid value: ${values.join(", ")}`,
  });

export const OPERATORS: ["$eq", ...string[]] = [
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$in",
  "$nin",
  "$exists",
  "$regex",
];

/** Of devices there is one more, by which the web UI counts those that are offline. */
const DEVICE_OPERATORS: ["$eq", ...string[]] = [...OPERATORS, "$ltne"];

export const Value = z
  .unknown()
  .refine((value) => value !== undefined && value !== null, { error: "is required" })
  .openapi({
    description: "A string, a number, a boolean or a list of strings or numbers, as the operator wants it",
  });

const FilterInput = z
  .object({ scope: Word, attribute: Word, type: oneOf(DEVICE_OPERATORS), value: Value })
  .openapi("ReportFilter");

const SortInput = z
  .object({ scope: Word, attribute: Word, order: oneOf(["asc", "desc"]) })
  .openapi("ReportSort");

const SelectInput = z.object({ scope: Word, attribute: Word }).openapi("ReportAttribute");

export const listOf = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .max(max, noMoreThan(max))
    .nullish()
    .transform((list) => list ?? []);

const degrees = (limit: 90 | 180) =>
  z
    .number({ error: "is required" })
    .min(-limit, { error: `must be no less than -${limit}` })
    .max(limit, { error: `must be no greater than ${limit}` });

const Point = z.object({ lat: degrees(90), lon: degrees(180) });

const METRES: Record<string, number> = {
  m: 1,
  km: 1000,
  cm: 0.01,
  mm: 0.001,
  mi: 1609.344,
  yd: 0.9144,
  ft: 0.3048,
  in: 0.0254,
  nmi: 1852,
};

const Distance = z
  .string({ error: "cannot be blank" })
  .min(1, { error: "cannot be blank" })
  .transform((text, ctx) => {
    const [, number, unit = ""] = /^(\d{1,12}(?:\.\d{1,12})?)\s*([a-z]*)$/.exec(text) ?? [];
    const metres = Number(number) * ((Object.hasOwn(METRES, unit) ? METRES[unit] : undefined) ?? NaN);
    if (Number.isFinite(metres)) return metres;
    ctx.addIssue({ code: "custom", message: "must be a number with a unit of length" });
    return z.NEVER;
  })
  .openapi({ example: "10km" });

const geo = {
  geo_distance_filter: z
    .object({ geo_distance: z.object({ distance: Distance, location: Point }) })
    .nullish()
    .openapi({
      description: "Devices within a distance of a point, by their attributes geo-lat and geo-lon",
    }),
  geo_bounding_box_filter: z
    .object({
      geo_bounding_box: z.object({ location: z.object({ top_left: Point, bottom_right: Point }) }),
    })
    .nullish()
    .openapi({ description: "Devices inside a box" }),
};

export const paging = {
  page: z
    .int()
    .nullish()
    .transform((page) => (page && page > 0 ? page : 1)),
  per_page: z
    .int()
    .nullish()
    .transform((size) => (size && size > 0 ? size : DEFAULT_PER_PAGE)),
};

export const isInWindow = ({ page, per_page: size }: { page: number; per_page: number }): boolean =>
  page * size <= WINDOW;

export const BEYOND_WINDOW = {
  error: `page * per_page must be no greater than ${WINDOW}`,
  params: { verbatim: true },
};

export const DeviceSearchInput = z
  .object({
    ...paging,
    ...geo,
    filters: listOf(FilterInput, MAX_PREDICATES),
    sort: listOf(SortInput, MAX_SORT_KEYS),
    attributes: listOf(SelectInput, MAX_LIST),
    device_ids: listOf(z.string(), MAX_LIST),
    text: z
      .string()
      .max(MAX_TEXT, noMoreThan(MAX_TEXT))
      .nullish()
      .openapi({ description: "Words of which a device has any, as in a search of the inventory" }),
  })
  .refine(isInWindow, BEYOND_WINDOW)
  .openapi("ReportDeviceSearch");

export type DeviceSearch = z.output<typeof DeviceSearchInput>;

/** One grouping; what may be nested in it is given, because the depth is limited. Fields of deployments have no scope. */
export interface AggregationTerm {
  name: string;
  attribute: string;
  scope?: string | undefined;
  limit: number;
  aggregations: AggregationTerm[];
}

const Limit = z
  .int()
  .min(0, { error: "must be no less than 0" })
  .nullish()
  .transform((limit) => Math.min(limit || DEFAULT_BUCKETS, MAX_BUCKETS));

const tooDeep = `too many nested aggregations, limit is ${MAX_NESTED}`;

type Scope = typeof Word | z.ZodOptional<typeof Word>;

function termOfDepth(left: number, scope: Scope): z.ZodType<AggregationTerm> {
  const nested: z.ZodType<AggregationTerm[]> =
    left === 0
      ? z
          .array(z.unknown())
          .max(0, { error: tooDeep })
          .nullish()
          .transform(() => [])
      : listOf(termOfDepth(left - 1, scope), MAX_TERMS);
  return z.object({ name: Word, attribute: Word, scope, limit: Limit, aggregations: nested });
}

const countTerms = (terms: readonly AggregationTerm[]): number =>
  terms.reduce((sum, term) => sum + 1 + countTerms(term.aggregations), 0);

export const aggregationsOf = (scope: Scope) =>
  z
    .array(termOfDepth(MAX_NESTED, scope), { error: "cannot be blank" })
    .min(1, { error: "cannot be blank" })
    .max(MAX_TERMS, { error: `the length must be between 1 and ${MAX_TERMS}` })
    .refine((terms) => countTerms(terms) <= MAX_TERMS, {
      error: `must be no more than ${MAX_TERMS} with all that are nested`,
    });

export const AggregateInput = z
  .object({
    ...geo,
    filters: listOf(FilterInput, MAX_PREDICATES),
    aggregations: aggregationsOf(Word),
  })
  .openapi("ReportAggregation");

export type AggregateRequest = z.output<typeof AggregateInput>;

export type GeoFilters = Pick<DeviceSearch, "geo_distance_filter" | "geo_bounding_box_filter">;

const AttributeOut = z.object({
  name: z.string(),
  scope: z.string(),
  value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.array(z.number())]),
});

export const DeviceOut = z
  .object({
    id: z.string(),
    attributes: z.array(AttributeOut),
    created_ts: z.string(),
    updated_ts: z.string(),
    check_in_time: z.string().optional(),
  })
  .openapi("ReportDevice");

export const BucketsOut = z
  .array(
    z.object({
      name: z.string(),
      items: z.array(
        z.object({
          key: z.string(),
          count: z.number().int(),
          aggregations: z.array(z.unknown()).optional().openapi({ description: "The same, nested" }),
        }),
      ),
      other_count: z.number().int(),
    }),
  )
  .openapi("ReportBuckets");
