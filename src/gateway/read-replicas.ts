import type { MiddlewareHandler } from "hono";
import type { LiveUser } from "../platform/actor.ts";
import type { AppEnv } from "../platform/app-env.ts";
import type { Env } from "../platform/env.ts";
import { homesOf } from "../platform/homes.ts";
import {
  bookmarkHeader,
  BOOKMARK_HEADER,
  laterOf,
  NO_BOOKMARKS,
  readBookmarks,
  Sessions,
  type Bookmarks,
} from "../platform/replicas.ts";

/** Requests that ask although they are no `GET`. */
const ASKS = /\/(?:search|aggregate|export|list)$/;

const isAsking = (method: string, path: string): boolean =>
  method === "GET" || method === "HEAD" || (method === "POST" && ASKS.test(path));

/** What such a user may see is decided by what the database says of groups and releases, and that is the primary's to say. */
const isBounded = ({ rights }: LiveUser): boolean =>
  [...rights.permits.values()].some(({ devices, releases }) => devices !== "all" || releases !== "all");

const MOST_WRITERS = 10_000;

// What users wrote lately through this isolate: whoever sends an older bookmark is not shown less. Losing it is harmless.
const written = new WeakMap<Env, Map<string, Bookmarks>>();

function writtenIn(env: Env): Map<string, Bookmarks> {
  const known = written.get(env) ?? new Map<string, Bookmarks>();
  written.set(env, known);
  return known;
}

/**
 * Answers what users ask from replicas, from those that have what the bookmark of the request stands for. Without one, and for
 * everything else, the primary is asked. Whether a user may ask was decided before, from the primary.
 */
export const readReplicas: MiddlewareHandler<AppEnv> = async (
  { env, req, header, var: { caller, deps } },
  next,
) => {
  if (deps.settings.READ_REPLICAS === "off" || caller?.kind !== "user") return next();
  const asks = isAsking(req.method, req.path);
  const [users, key] = [writtenIn(env), `${caller.tenant} ${caller.user}`];
  const sent = readBookmarks(req.header(BOOKMARK_HEADER));
  const mayLag = asks && sent.size > 0 && !isBounded(caller);
  const known = mayLag ? laterOf(sent, users.get(key) ?? NO_BOOKMARKS) : NO_BOOKMARKS;
  const sessions = new Sessions(homesOf(env).databases, known);
  const { db } = deps;
  deps.db = (tenant) => db(tenant).through(sessions);
  deps.directory = deps.directory.through(sessions);
  await next();
  const reached = laterOf(sessions.given, sessions.reached);
  if (!asks) {
    if (users.size >= MOST_WRITERS) users.clear();
    users.set(key, laterOf(users.get(key) ?? NO_BOOKMARKS, reached));
  }
  for (const [name, value] of Object.entries(bookmarkHeader(reached))) header(name, value);
};
