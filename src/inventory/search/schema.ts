import { z } from "@hono/zod-openapi";
import { NameText, SCOPES } from "../schema.ts";
import { OPERATORS } from "./terms.ts";

/** Statements take a limited number of parameters, and each condition needs some of them. */
export const MAX_PREDICATES = 15;
const MAX_SORT_KEYS = 5;
const MAX_SELECTED = 500;
const MAX_IDS = 5000;
export const MAX_TEXT = 1024;
const DEFAULT_PER_PAGE = 20;
const MAX_PER_PAGE = 500;

const noMoreThan = (max: number) => ({ error: `the length must be no more than ${max}` });

const Scope = z
  .string({ error: "cannot be blank" })
  .min(1, { error: "cannot be blank" })
  .refine((scope) => scope === "" || (SCOPES as readonly string[]).includes(scope), {
    error: `must be one of ${SCOPES.join(", ")}`,
  })
  .openapi({ enum: [...SCOPES] });

const Value = z
  .unknown()
  .refine((value) => value !== undefined && value !== null, { error: "is required" })
  .openapi({
    description: "A string, a number, a boolean or a list of strings or numbers, as the operator wants it",
  });

const OperatorWord = z.enum(OPERATORS, {
  error: ({ input }) =>
    input === undefined || input === ""
      ? "cannot be blank"
      : `must be a valid value: ${OPERATORS.join(", ")}`,
});

const Order = z.enum(["asc", "desc"], {
  error: ({ input }) =>
    input === undefined || input === "" ? "cannot be blank" : "must be a valid value: asc, desc",
});

export const PredicateInput = z
  .object({ scope: Scope, attribute: NameText, type: OperatorWord, value: Value })
  .openapi("FilterPredicate");

const SortInput = z.object({ scope: Scope, attribute: NameText, order: Order }).openapi("SortCriteria");

const SelectInput = z.object({ scope: Scope, attribute: NameText }).openapi("SelectAttribute");

/** A list that may be missing or null. */
const listOf = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .max(max, noMoreThan(max))
    .nullish()
    .transform((list) => list ?? undefined);

const PageInput = {
  page: z
    .int()
    .nullish()
    .transform((page) => (page && page >= 1 ? page : 1)),
  per_page: z
    .int()
    .max(MAX_PER_PAGE, { error: `must be no greater than ${MAX_PER_PAGE}` })
    .nullish()
    .transform((size) => (size && size >= 1 ? size : DEFAULT_PER_PAGE)),
};

export const SearchInput = z
  .object({
    ...PageInput,
    filters: listOf(PredicateInput, MAX_PREDICATES),
    any: listOf(
      z
        .array(PredicateInput)
        .min(1, { error: "cannot be empty" })
        .max(MAX_PREDICATES, noMoreThan(MAX_PREDICATES)),
      MAX_PREDICATES,
    ).openapi({
      description:
        "Groups of conditions: a device satisfies all of one of them, and all of `filters` (extension)",
    }),
    sort: listOf(SortInput, MAX_SORT_KEYS),
    attributes: listOf(SelectInput, MAX_SELECTED),
    device_ids: listOf(z.string(), MAX_IDS),
    text: z.string().max(MAX_TEXT, noMoreThan(MAX_TEXT)).nullish(),
  })
  .openapi("SearchParams");

export type SearchRequest = z.output<typeof SearchInput>;

/** A search whose devices are all wanted, so that it has neither pages nor an order. */
export const ExportInput = SearchInput.omit({ page: true, per_page: true, sort: true }).openapi(
  "ExportParams",
);

export type ExportRequest = z.output<typeof ExportInput>;

/** Look-up of devices by the beginning of what they are known by. */
export const IdentitySearchInput = z
  .object({
    ...PageInput,
    scope: z.enum(["identity", "tags"], {
      error: ({ input }) =>
        input === undefined || input === "" ? "cannot be blank" : "must be a valid value",
    }),
    name: NameText,
    value_prefix: z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" }).max(MAX_TEXT),
    attributes: listOf(SelectInput, MAX_SELECTED),
  })
  .openapi("SearchIdentityParams");

export type IdentitySearchRequest = z.output<typeof IdentitySearchInput>;
