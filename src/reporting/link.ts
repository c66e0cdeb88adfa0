import type { Context } from "hono";
import type { AppEnv } from "../platform/app-env.ts";
import { writeLinks, type Page } from "../platform/paging.ts";

/** One header with commas and `previous` in full, unlike all other lists (protocol notes, reporting 1.3). */
export function setLink(c: Context<AppEnv>, { page, perPage }: Page, hasNext: boolean): void {
  const pages: [number, string][] = [[1, "first"]];
  if (page > 1) pages.push([page - 1, "previous"]);
  if (hasNext) pages.push([page + 1, "next"]);
  writeLinks(c, perPage, pages, { isOneLine: true, separator: ";" });
}
