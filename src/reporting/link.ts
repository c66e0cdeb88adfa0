import type { Context } from "hono";
import type { AppEnv } from "../platform/app-env.ts";
import { writeLinks } from "../platform/paging.ts";

/** One header with commas and `previous` in full, unlike all other lists (protocol notes, reporting 1.3). */
export function setLink(c: Context<AppEnv>, page: number, perPage: number, total: number): void {
  const pages: [number, string][] = [[1, "first"]];
  if (page > 1) pages.push([page - 1, "previous"]);
  if (total > perPage * page) pages.push([page + 1, "next"]);
  writeLinks(c, perPage, pages, { isOneLine: true, separator: ";" });
}
