import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import { rfc3339 } from "./clock.ts";
import { Fault } from "./fault.ts";
import { HTTP } from "./limits.ts";
import { verbatim } from "./wire.ts";

const DEFAULT_PER_PAGE = 20;
const MAX_PER_PAGE = 500;

const positive = (name: string, fallback: number) =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined || text === "") return fallback;
      if (!/^-?\d{1,15}$/.test(text)) {
        ctx.addIssue(verbatim(`invalid ${name} query: "${text}"`));
        return z.NEVER;
      }
      const value = Number(text);
      if (value < 1) {
        ctx.addIssue(verbatim(`invalid ${name} query: value must be a non-zero positive integer`));
        return z.NEVER;
      }
      return value;
    })
    .openapi({ type: "integer", minimum: 1, default: fallback });

/** `page` and `per_page` of a list (protocol notes, gateway 6), to be spread into a route's query schema. */
export const pageQuery = (perPage = DEFAULT_PER_PAGE, maxPerPage = MAX_PER_PAGE) => ({
  page: positive("page", 1),
  per_page: positive("per_page", perPage).refine((value) => value <= maxPerPage, {
    error: `parameter "per_page" above limit (max: ${maxPerPage})`,
    params: { verbatim: true },
  }),
});

export interface Page {
  page: number;
  perPage: number;
}

export const pageOf = (query: { page: number; per_page: number }): Page => ({
  page: query.page,
  perPage: query.per_page,
});

export const offsetOf = (page: Page): number => (page.page - 1) * page.perPage;

/** The address of another page; 400 if it would be too long to be asked for, as encoding can make it. */
function addressOf({ pathname }: URL, query: URLSearchParams): string {
  const address = `${pathname}?${query.toString()}`;
  if (address.length > HTTP.urlBytes)
    throw new Fault("bad_request", "the query is too long for links to pages");
  return address;
}

interface LinkForm {
  /** One header with commas instead of a line for each. */
  isOneLine?: boolean;
  sortsKeys?: boolean;
  /** Stands between an address and its relation. */
  separator: string;
}

/** Writes `Link` with relative addresses of other pages of a list, each with its relation. */
export function writeLinks(
  c: Context<AppEnv>,
  perPage: number,
  pages: readonly [page: number, relation: string][],
  form: LinkForm,
): void {
  const url = new URL(c.req.url);
  const links = pages.map(([page, relation]) => {
    const query = new URLSearchParams(url.search);
    query.set("page", String(page));
    query.set("per_page", String(perPage));
    if (form.sortsKeys) query.sort();
    return `<${addressOf(url, query)}>${form.separator}rel="${relation}"`;
  });
  if (form.isOneLine) c.header("Link", links.join(", "));
  else for (const link of links) c.header("Link", link, { append: true });
}

/** How many a list has in all, as far as that is known. */
export interface Counted {
  total: number;
  /** There are more: they are being counted. */
  isLeast?: true | undefined;
  /** So many there were then. */
  countedMs?: number | undefined;
}

/** The number of all, and beside it whether it is anything else than exact. */
export function setTotal(c: Context<AppEnv>, { total, isLeast, countedMs }: Counted): void {
  c.header("X-Total-Count", String(total));
  if (isLeast) c.header("X-Total-Count-Is", "at-least");
  else if (countedMs !== undefined) c.header("X-Total-Count-Is", `of ${rfc3339(countedMs)}`);
}

/** Whether another page follows. A total that is not exact does not tell: a full page does. */
export const hasNextPage = (known: Counted, { page, perPage }: Page, shown: number): boolean =>
  known.isLeast || known.countedMs !== undefined ? shown === perPage : page * perPage < known.total;

/** `Link` lines of a list, and `X-Total-Count` when the total is known. */
export function setPageHeaders(
  c: Context<AppEnv>,
  { page, perPage }: Page,
  known: Partial<Counted> & { hasNext?: boolean },
): void {
  const { total, isLeast } = known;
  const last = total === undefined || isLeast ? undefined : Math.max(1, Math.ceil(total / perPage));
  const pages: [number, string][] = [[1, "first"]];
  if (page > 1) pages.push([page - 1, "prev"]);
  if (known.hasNext ?? (last !== undefined && page < last)) pages.push([page + 1, "next"]);
  if (last !== undefined && (total ?? 0) > 0) pages.push([last, "last"]);
  writeLinks(c, perPage, pages, { sortsKeys: true, separator: "; " });
  if (total !== undefined) setTotal(c, { ...known, total });
}
