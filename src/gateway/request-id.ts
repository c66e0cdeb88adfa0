import { newId } from "../platform/ids.ts";

/** The id a client gave its request, or a new one. */
export const requestIdOf = (headers: Headers): string =>
  headers.get("x-men-requestid")?.slice(0, 128) || newId();
