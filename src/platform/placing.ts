import { z } from "@hono/zod-openapi";
import type { Statement } from "./database.ts";
import type { Deps, Place } from "./deps.ts";
import { Fault } from "./fault.ts";
import { FIRST_HOME } from "./homes.ts";
import { DATABASE } from "./limits.ts";

/** Where the platform can promise that a database stays; the binding of such a one begins with `DATA_EU_` or the like. */
export const JURISDICTIONS = ["eu", "fedramp"] as const;

export const JurisdictionName = z.enum(JURISDICTIONS, {
  error: `must be one of ${JURISDICTIONS.join(", ")}`,
});

export type Jurisdiction = (typeof JURISDICTIONS)[number];

/** A database of which such a share is used takes no further tenants. */
const FULL_SHARE = 0.9;
/** From this share on of what the platform allows, those who run the server are warned. */
const WARNED_SHARE = 0.7;

export const jurisdictionOf = (name: string): Jurisdiction | undefined =>
  JURISDICTIONS.find((one) => name.startsWith(`DATA_${one.toUpperCase()}_`));

/** Bytes of the database that it is sent to. */
const sizeStatement: Statement<number> = {
  sql: "SELECT 1",
  params: [],
  read: ({ meta }) => meta.size_after ?? 0,
};

export interface Size {
  name: string;
  /** Undefined of one that does not answer. */
  bytes: number | undefined;
}

/** How large each database is. */
export const sizesOf = (deps: Pick<Deps, "log">, places: readonly Place[]): Promise<Size[]> =>
  Promise.all(
    places.map(async ({ name, db }) => ({
      name,
      bytes: await db.one(sizeStatement).catch((cause: unknown) => {
        deps.log.error("database does not tell its size", { database: name, cause });
        return undefined;
      }),
    })),
  );

/** The home that a new tenant is given. */
export interface Placed {
  home: string;
  jurisdiction: Jurisdiction | undefined;
}

const badJurisdiction = () =>
  new Fault("bad_request", "jurisdiction: must be one that a database of this server is in.");

/** The databases that take new tenants of this jurisdiction; one that is in a jurisdiction takes no others. */
const open = (deps: Deps, jurisdiction: Jurisdiction | undefined): Place[] =>
  deps
    .databases()
    .filter(
      ({ name }) =>
        jurisdictionOf(name) === jurisdiction &&
        (name !== FIRST_HOME || deps.settings.DIRECTORY_TENANTS === "on"),
    );

/** Where there is most room; undefined where there is one database only, and nothing to choose. */
export async function placeTenant(deps: Deps, jurisdiction?: Jurisdiction): Promise<Placed | undefined> {
  const places = open(deps, jurisdiction);
  if (jurisdiction !== undefined && places.length === 0) throw badJurisdiction();
  if (!deps.homes.isSpread) return undefined;
  const [most] = (await sizesOf(deps, places))
    .flatMap(({ name, bytes }) => (bytes === undefined ? [] : [{ name, bytes }]))
    .filter(({ bytes }) => usedOf(bytes).takesTenants)
    .toSorted((a, b) => a.bytes - b.bytes);
  if (!most) throw new Fault("unavailable", "no database has room for a further tenant");
  return { home: most.name, jurisdiction };
}

export interface Used {
  /** Of the bytes that a database may have. */
  share: number;
  isWarned: boolean;
  takesTenants: boolean;
}

/** How much of what the platform allows a database has used. */
export const usedOf = (bytes: number): Used => {
  const share = bytes / DATABASE.bytes;
  return { share, isWarned: share >= WARNED_SHARE, takesTenants: share < FULL_SHARE };
};

/** Whether it is time to think of the number of databases that one Worker can have. */
export const isNearBindings = (count: number): boolean => count >= DATABASE.bindings * WARNED_SHARE;

/** Cron duty: tells in the log what comes near to a limit of the platform, while there is time to do something about it. */
export async function warnOfSizes(deps: Deps): Promise<void> {
  const places = deps.databases("all");
  for (const { name, bytes } of await sizesOf(deps, places))
    if (bytes !== undefined && usedOf(bytes).isWarned)
      deps.log.error("database nearly full", { database: name, bytes, most: DATABASE.bytes });
  if (isNearBindings(places.length))
    deps.log.error("databases nearly as many as can be bound", {
      databases: places.length,
      most: DATABASE.bindings,
    });
}
