import type { TenantId } from "./ids.ts";
import type { Env } from "./env.ts";

/** The database that every installation has: the directory, and at the same time the first home of tenants. */
export const FIRST_HOME = "DB";

/** Tenants of which an isolate remembers where they live, and for how long. */
export const REMEMBERED = 10_000;
export const REMEMBERED_MS = 60_000;

const isHome = (name: string): name is `DATA_${string}` => name.startsWith("DATA_");

/** A variable may be called so as well. */
const isDatabase = (bound: unknown): bound is D1Database =>
  typeof bound === "object" && bound !== null && "prepare" in bound;

/** Where the rows of a tenant are. */
export interface Home {
  home: string;
  /** They are on their way from there: nothing is written until they have arrived. */
  isMoving: boolean;
}

/**
 * The databases of an installation, and what an isolate remembers of who lives where. What it remembers may be old: each
 * database refuses those who have left it or are leaving (`home-store.ts`), and then it is asked for again.
 */
export class Homes {
  readonly databases: ReadonlyMap<string, D1Database>;
  /** Those that tenants may live in. */
  readonly names: readonly string[];
  readonly #known = new Map<TenantId, Home & { untilMs: number }>();
  readonly #tokens = new Map<string, TenantId>();

  constructor(databases: ReadonlyMap<string, D1Database>, isDirectoryHome = true) {
    this.databases = databases;
    const names = [...databases.keys()];
    this.names = isDirectoryHome || names.length < 2 ? names : names.slice(1);
  }

  /** Where a tenant lives of which nothing else is said. */
  get first(): string {
    return this.names[0] ?? FIRST_HOME;
  }

  /** With one database there is nothing to look up. */
  get isSpread(): boolean {
    return this.databases.size > 1;
  }

  /** What is remembered, however old; `isFresh` says whether it is still to be relied upon. */
  known(tenant: TenantId, nowMs: number): (Home & { isFresh: boolean }) | undefined {
    const known = this.#known.get(tenant);
    return known && { ...known, isFresh: known.untilMs > nowMs };
  }

  learn(tenant: TenantId, home: Home, nowMs: number): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(tenant, { ...home, untilMs: nowMs + REMEMBERED_MS });
  }

  /** Has it asked for again, if it can be. */
  doubt(tenant: TenantId): void {
    const known = this.#known.get(tenant);
    if (known) this.#known.set(tenant, { ...known, untilMs: Number.NEGATIVE_INFINITY });
  }

  forget(tenant: TenantId): void {
    this.#known.delete(tenant);
  }

  forgetAll(): void {
    this.#known.clear();
    this.#tokens.clear();
  }

  /** The tenant whose devices send this token, as far as that was told. */
  tenantOf(token: string): TenantId | undefined {
    return this.#tokens.get(token);
  }

  learnToken(token: string, tenant: TenantId): void {
    if (this.#tokens.size >= REMEMBERED) this.#tokens.clear();
    this.#tokens.set(token, tenant);
  }
}

// Belongs to an isolate and its bindings; losing it is harmless.
const homes = new WeakMap<Env, Homes>();

/** The bindings of the databases, the directory first. */
export function homesOf(env: Env): Homes {
  const known = homes.get(env);
  if (known) return known;
  const further = Object.keys(env)
    .filter(isHome)
    .toSorted()
    .flatMap((name): [string, D1Database][] => {
      const bound: unknown = env[name];
      return isDatabase(bound) ? [[name, bound]] : [];
    });
  const isDirectoryHome = env.DIRECTORY_TENANTS !== "none";
  const made = new Homes(new Map([[FIRST_HOME, env.DB], ...further]), isDirectoryHome);
  homes.set(env, made);
  return made;
}
