import { tellHeads } from "../checkin/service.ts";
import { Database, noCost, type DatabaseCost } from "./database.ts";
import { settingsOf, type Env, type Settings } from "./env.ts";
import type { TenantId } from "./ids.ts";
import { loadKeys, type Keys } from "./keys.ts";
import { makeLog, type Log } from "./log.ts";

/** Everything a verb may use, built once per request. Tests pass the same object with a fixed clock. */
export interface Deps {
  /** The database that holds a tenant's rows; tenants can be spread over several by configuration alone. */
  db: (tenant: TenantId) => Database;
  /** Tenants, users and their tokens: what must be found before a tenant is known. */
  directory: Database;
  bucket: R2Bucket;
  jobs: Queue<unknown>;
  /** Sends mail, where the deployment can. */
  email: SendEmail | undefined;
  /** One object per device that is or was connected. */
  connections: Env["DEVICE_CONNECTION"];
  /** One object per tenant, which every check of its devices passes. */
  heads: Env["TENANT_HEAD"];
  keys: Keys;
  settings: Settings;
  now: () => number;
  log: Log;
  cost: DatabaseCost;
  /** Origin of links given to clients of this request. */
  origin: string;
  /** Work that may go on after the answer. */
  later: (work: Promise<unknown>) => void;
}

export interface DepsOptions {
  requestId: string;
  origin: string;
  later: (work: Promise<unknown>) => void;
  now?: (() => number) | undefined;
}

export async function makeDeps(env: Env, options: DepsOptions): Promise<Deps> {
  const settings = settingsOf(env);
  const cost = noCost();
  const log = makeLog({ request_id: options.requestId });
  const database = new Database(env.DB, cost, (changes) => tellHeads(env, changes, { cost, log }));
  return {
    db: () => database,
    directory: database,
    bucket: env.ARTIFACTS,
    jobs: env.JOBS,
    email: env.EMAIL,
    connections: env.DEVICE_CONNECTION,
    heads: env.TENANT_HEAD,
    keys: await loadKeys(env.SIGNING_KEY, env.SIGNING_KEY_FALLBACK),
    settings,
    now: options.now ?? Date.now,
    log,
    cost,
    origin: settings.PUBLIC_ORIGIN ?? options.origin,
    later: options.later,
  };
}
