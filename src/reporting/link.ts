import type { Context } from "hono";
import type { AppEnv } from "../platform/app-env.ts";
import { addressOf } from "../platform/paging.ts";

/** One header with commas and `previous` in full, unlike all other lists (protocol notes, reporting 1.3). */
export function setLink(c: Context<AppEnv>, page: number, perPage: number, total: number): void {
  const url = new URL(c.req.url);
  const link = (number: number, rel: string) => {
    const query = new URLSearchParams(url.search);
    query.set("page", String(number));
    query.set("per_page", String(perPage));
    return `<${addressOf(url, query)}>;rel="${rel}"`;
  };
  const links = [link(1, "first")];
  if (page > 1) links.push(link(page - 1, "previous"));
  if (total > perPage * page) links.push(link(page + 1, "next"));
  c.header("Link", links.join(", "));
}
