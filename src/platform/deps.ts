import type { SystemActor } from "./actor.ts";
import type { Contacts } from "./contacts.ts";
import type { Database, DatabaseCost } from "./database.ts";
import type { Env, Settings } from "./env.ts";
import type { Homes } from "./homes.ts";
import type { TenantId } from "./ids.ts";
import type { Keys } from "./keys.ts";
import type { KnownSets } from "./known-sets.ts";
import type { NearReports } from "./near-reports.ts";
import type { Later } from "./later.ts";
import type { Log } from "./log.ts";
import type { Mailer } from "./mail.ts";
import type { Participants } from "./participants.ts";
import type { Scrypt } from "./scrypt.ts";
import type { Used } from "./used.ts";

/** Everything a verb may use, built once per request. Tests pass the same object with a fixed clock. */
export interface Deps {
  /** The only door to a tenant's rows, in whichever database they are. */
  db: (tenant: TenantId) => Database;
  /** Tenants, users and their tokens: what must be found before a tenant is known. */
  directory: Database;
  /** The databases that tenants live in, the directory first: for duties that walk rows of many tenants. Or all. */
  databases: (which?: "all") => Place[];
  /** What is remembered of who lives where. */
  homes: Homes;
  /** Does what was left undone for tenants that live in another database than the directory's. */
  settleHomes: () => Promise<void>;
  bucket: R2Bucket;
  jobs: Queue<unknown>;
  /** Sends mail, where the deployment can. */
  mailer: Mailer | undefined;
  /** One object per device that is or was connected. */
  connections: Env["DEVICE_CONNECTION"];
  /** One object per tenant, which every check of its devices passes. */
  heads: Env["TENANT_HEAD"];
  /** When devices were last heard of. */
  contacts: Contacts;
  /** Accepted sets of devices that authenticated before. */
  knownSets: KnownSets;
  /** Reports of devices that their heads answer. */
  nearReports: NearReports;
  keys: Keys;
  /** What other domains add to a batch. */
  participants: Participants;
  /** What `call` tasks of workflows can use, by name. */
  workflowFunctions: ReadonlyMap<string, WorkflowFunction>;
  settings: Settings;
  now: () => number;
  log: Log;
  cost: DatabaseCost;
  /** Counts what a tenant uses, for its usage and its limits. */
  count: (tenant: TenantId, used: Partial<Used>) => void;
  /** Origin of links given to clients of this request. */
  origin: string;
  /** The network this request comes from, in one spelling; undefined for work without a client. */
  network: () => Promise<string | undefined>;
  scrypt: Scrypt;
  /** Work that may go on after the answer. */
  later: (work: Promise<unknown>) => void;
  /** Work that begins after so many milliseconds, unless the signal aborts it. */
  after: Later["after"];
}

/** A database that tenants live in. */
export interface Place {
  name: string;
  db: Database;
  /** What it is made of. */
  d1: D1Database;
}

export interface WorkflowCall {
  actor: SystemActor;
  /** A UUID that is the same however often the step is carried out. */
  stableId: string;
}

/** What a `call` task of a workflow runs. May be repeated without harm; refuses parameters it cannot use. */
export type WorkflowFunction = (deps: Deps, call: WorkflowCall, parameters: unknown) => Promise<void>;
