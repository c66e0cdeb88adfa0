import {
  Database,
  noCost,
  refusalOf,
  type DatabaseCost,
  type Door,
  type Followers,
  type Statement,
} from "./database.ts";
import type { Env } from "./env.ts";
import { isWrite } from "./statement.ts";
import { Fault } from "./fault.ts";
import { demandHome, demandStaying, ELSEWHERE, homeStatement } from "./home-store.ts";
import { homesOf, type Home, type Homes } from "./homes.ts";
import type { TenantId } from "./ids.ts";

export interface Opening {
  now: () => number;
  cost?: DatabaseCost;
  followers?: Followers;
}

/** When devices and users of a tenant that is being moved shall come again. */
const RETRY_AFTER_S = 5;

const onItsWay = (cause: unknown) =>
  new Fault("unavailable", "the tenant is being moved", {
    cause,
    headers: { "Retry-After": String(RETRY_AFTER_S) },
  });

/** A second refusal means that the directory and the database do not agree, which a move under way can do for a moment. */
const ATTEMPTS = 2;

/** Where a tenant lives; with the directory away, where it was when that was last told. */
async function findHome(homes: Homes, directory: Database, tenant: TenantId, nowMs: number): Promise<Home> {
  const known = homes.known(tenant, nowMs);
  if (known?.isFresh) return known;
  try {
    const home = await directory.one(homeStatement(tenant, homes.first));
    if (home.isThere) homes.learn(tenant, home, nowMs);
    return home;
  } catch (cause) {
    if (known) return known;
    throw cause;
  }
}

function boundAs(homes: Homes, name: string): D1Database {
  const database = homes.databases.get(name);
  if (!database) throw new Fault("unavailable", `the database ${name} is not bound`);
  return database;
}

/**
 * The database in which a tenant lives, which is found when a batch is sent. What is remembered may be wrong by then:
 * the batch itself asks the database first whether the tenant still is there, and has no effect if not.
 */
const doorOf = (homes: Homes, directory: Database, tenant: TenantId, now: () => number): Door => ({
  open: async () => boundAs(homes, (await findHome(homes, directory, tenant, now())).home),
  demand: (statements) => demandHome(tenant, statements.some(isWrite)),
  refused: async (cause, attempt) => {
    if (refusalOf(cause) !== ELSEWHERE) return false;
    homes.forget(tenant);
    const { isMoving } = await findHome(homes, directory, tenant, now());
    if (isMoving || attempt >= ATTEMPTS) throw onItsWay(cause);
    return true;
  },
});

/** The only door to the rows of a tenant. With one database it is that one, and nothing is looked up. */
export function openHome(env: Env, tenant: TenantId, { now, cost = noCost(), followers }: Opening): Database {
  const homes = homesOf(env);
  if (!homes.isSpread) return new Database(env.DB, cost, followers);
  return new Database(doorOf(homes, new Database(env.DB, cost), tenant, now), cost, followers);
}

const recordedIn = (statements: readonly Statement<unknown>[]): TenantId[] => [
  ...new Set(statements.flatMap(({ records }) => records ?? [])),
];

/** The directory. Where tenants are spread, it records nothing for one that is being moved. */
export function openDirectory(env: Env, cost: DatabaseCost, followers: Followers): Database {
  if (!homesOf(env).isSpread) return new Database(env.DB, cost, followers);
  const door: Door = {
    open: async () => env.DB,
    demand: (statements) => {
      const tenants = recordedIn(statements);
      return tenants.length > 0 ? demandStaying(tenants) : undefined;
    },
    refused: async (cause) => {
      if (refusalOf(cause) === ELSEWHERE) throw onItsWay(cause);
      return false;
    },
  };
  return new Database(door, cost, followers);
}
