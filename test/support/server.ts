import { AsyncLocalStorage } from "node:async_hooks";
import { createExecutionContext, createMessageBatch, waitOnExecutionContext } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { DeviceConnection } from "../../durable-objects/device-connection.ts";
import { makeFetch } from "../../src/gateway/gateway.ts";
import { rfc3339 } from "../../src/platform/clock.ts";
import { makeDeps } from "../../src/app/make-deps.ts";
import { TenantHead } from "../../durable-objects/tenant-head.ts";
import type { Database } from "../../src/platform/database.ts";
import type { Deps } from "../../src/platform/deps.ts";
import type { Env } from "../../src/platform/env.ts";
import { homesOf } from "../../src/platform/homes.ts";
import type { TenantId } from "../../src/platform/ids.ts";
import type { Later } from "../../src/platform/later.ts";
import { migrate } from "../../src/platform/migrations.ts";
import { queue } from "../../workers/queue.ts";
import { LONG } from "./form.ts";
import { shortEmptying, shortenWay, type Bindings } from "./quick-database.ts";
import { DATA_HOME, NO_DIRECTORY_TABLES, NO_HOME_TABLES, routed } from "./placed.ts";
import { Store } from "./store.ts";
import { StoredDatabase } from "./stored-database.ts";
import { importWorkerOnce } from "./worker-once.ts";

importWorkerOnce();
const databases = bindings as unknown as Bindings;
if (!LONG) shortenWay(databases);
/** How each of these databases is emptied, if not by its own statements. */
const emptying = (name: Parameters<typeof shortEmptying>[1]) =>
  LONG ? undefined : shortEmptying(databases, name);

/** Whether tenants live in another database than the directory (`npm run test:placed`). */
export const PLACED = "TEST_PLACED" in bindings;

/** Events stay in the outbox until a test delivers them; the platform's own queue would do so at any moment. */
const heldQueue = { send: async () => {}, sendBatch: async () => {} } as unknown as Queue<unknown>;

/** What a look into a second database, or at the door of one, costs beyond what it costs with one. */
export const FURTHER = Number(PLACED);

/** Bindings with this in place of every database. */
export const asDatabases = (d1: D1Database): { DB: D1Database; DATA_2?: D1Database } => ({
  DB: d1,
  ...(PLACED && { [DATA_HOME]: d1 }),
});

/** The database that the tenants of the tests live in. */
export const tenantsIn = (deps: Deps): Database => deps.databases().at(-1)!.db;

/** The bindings of the test, with the classes behind its objects. */
interface TestEnv extends Env {
  DEVICE_CONNECTION: DurableObjectNamespace<DeviceConnection>;
  TENANT_HEAD: DurableObjectNamespace<TenantHead>;
}

const bound = bindings as unknown as TestEnv & { DATA_2: D1Database };
const store = new Store<TestEnv>(
  bound,
  PLACED
    ? [
        new StoredDatabase(bound.DB, NO_HOME_TABLES, emptying("database")),
        new StoredDatabase(bound.DATA_2, NO_DIRECTORY_TABLES, emptying("DATA_2")),
      ]
    : [new StoredDatabase(bound.DB, [], emptying("database"))],
);

/** As the server under test has them. */
export const served: TestEnv = { ...bound, ...store.watched, JOBS: heldQueue };

/** As tests have them, whose statements are for one database as well as for two. */
export const env: TestEnv = PLACED ? { ...served, DB: routed(bound.DB, bound.DATA_2) } : served;

export const OPERATOR_TOKEN = "operator-token-of-the-tests";

export interface Cost {
  trips: number;
  statements: number;
  read: number;
  written: number;
  objects: number;
}

/** An answer with its body read and its database cost. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: <T = Record<string, unknown>>() => T;
  cost: Cost;
}

export interface Call {
  token?: string | undefined;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  body?: BodyInit;
  /** Address of the client, as the local runtime tells it. */
  address?: string | undefined;
}

/** When the clock of each test starts: noon of another day in each run. */
const START_MS = Number((bindings as unknown as { TEST_CLOCK_START_MS: string }).TEST_CLOCK_START_MS);

/** The time so many milliseconds after the clock of the test started, as the wire has it. */
export const afterStart = (ms = 0): string => rfc3339(START_MS + ms);

const HOST = "https://edgemend.test";

const costOf = (headers: Headers): Cost => {
  const number = (name: string) =>
    Number(new RegExp(`${name}=(\\d+)`).exec(headers.get("server-timing") ?? "")?.[1] ?? 0);
  return {
    trips: number("trips"),
    statements: number("statements"),
    read: number("read"),
    written: number("written"),
    objects: number("objects"),
  };
};

const serving = new AsyncLocalStorage<Server>();
/** What goes on after its request, such as a stream, has the server that was made last. */
const current = (): Server => serving.getStore() ?? Server.latest;

/** Mounting all routes takes longer than most tests: done once, with the clock of the server that was asked. */
const fetchOnce = makeFetch({ now: () => current().now, after: (ms, work) => current().after(ms, work) });

/** The server under test: empty store, migrated, with a clock that moves only when told to. */
export class Server {
  now = START_MS;
  /** Work for later; done before the first request after its time. */
  #due: { atMs: number; work: () => Promise<unknown> }[] = [];
  readonly after: Later["after"] = (ms, work) => this.#due.push({ atMs: this.now + ms, work });
  /** Bindings of its own: what an isolate remembers of an earlier server is not found. */
  env: Env = { ...served };

  static latest: Server;

  constructor() {
    Server.latest = this;
  }

  /** From here on with these settings, too; settings that were read are not read again from the same bindings. */
  configure(settings: Partial<Env>): void {
    this.env = { ...this.env, ...settings };
  }

  static async start(): Promise<Server> {
    const server = new Server();
    DeviceConnection.now = () => server.now;
    TenantHead.now = () => server.now;
    await store.empty(async () => {
      let applied: string[] = [];
      for (const { db } of (await server.deps()).databases("all")) applied = await migrate(db);
      return applied;
    });
    return server;
  }

  /** Dependencies as a verb gets them, for arranging what no route can. */
  deps(): Promise<Deps> {
    return makeDeps(this.env, {
      requestId: "test",
      origin: HOST,
      later: () => {},
      after: this.after,
      now: () => this.now,
    });
  }

  /** How much work waits for its time. */
  get waiting(): number {
    return this.#due.length;
  }

  advance(ms: number): void {
    this.now += ms;
  }

  async #doDue(): Promise<void> {
    const due = this.#due.filter(({ atMs }) => atMs <= this.now);
    this.#due = this.#due.filter(({ atMs }) => atMs > this.now);
    for (const { work } of due) await work();
  }

  /** As a server that has worked for a while: what is counted of requests is what they cost then. */
  async #rememberHomes(bindings: Env): Promise<void> {
    const homes = homesOf(bindings);
    if (!homes.isSpread) return;
    const { results } = await bound.DB.prepare("SELECT tenant_id, home FROM tenant_homes")
      .all<{ tenant_id: TenantId; home: string }>()
      .catch(() => ({ results: [] })); // not migrated yet
    for (const { tenant_id: tenant, home } of results)
      homes.learn(tenant, { home, isMoving: false }, this.now);
  }

  async fetch(request: Request, bindings: Env = this.env): Promise<Response> {
    await this.#doDue();
    await this.#rememberHomes(bindings);
    const ctx = createExecutionContext();
    const response = await serving.run(this, () => fetchOnce(request, bindings, ctx));
    await waitOnExecutionContext(ctx);
    return response;
  }

  /** Other bindings stand for another configuration of the same store. */
  async call(method: string, path: string, call: Call = {}, bindings: Env = this.env): Promise<Answer> {
    const headers = new Headers(call.headers);
    if (call.token !== undefined) headers.set("Authorization", `Bearer ${call.token}`);
    let body = call.body;
    if (call.json !== undefined) {
      body = JSON.stringify(call.json);
      if (!headers.has("content-type")) headers.set("Content-Type", "application/json");
    }
    // As every real client; left to the runtime, requests that never were on a wire have none.
    if (typeof body === "string" && !headers.has("content-length"))
      headers.set("Content-Length", String(new TextEncoder().encode(body).length));
    const url = path.startsWith("http") ? path : HOST + path;
    const peer = call.address?.includes(":") ? `[${call.address}]:40000` : `${call.address}:40000`;
    const cf = call.address === undefined ? {} : { cf: { clientIp: peer } as RequestInitCfProperties };
    const response = await this.fetch(
      new Request(url, { method, headers, body: body ?? null, redirect: "manual", ...cf }),
      bindings,
    );
    // Not `text()`, which warns about types such as application/jwt.
    const text = new TextDecoder().decode(await response.arrayBuffer());
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: () => JSON.parse(text),
      cost: costOf(response.headers),
    };
  }

  /** Hands every recorded event to the queue consumer, as the platform would, until none is left. */
  async deliverEvents(): Promise<void> {
    for (let left = true; left;) {
      const { results } = await env.DB.prepare("SELECT * FROM outbox ORDER BY id LIMIT 10").all<
        Record<string, string | number>
      >();
      left = results.length > 0;
      if (!left) return;
      const messages = results.map((row) => ({
        id: String(row.id),
        timestamp: new Date(this.now),
        attempts: 1,
        body: {
          id: row.id,
          tenant: row.tenant_id,
          kind: row.kind,
          subject: row.subject,
          data: JSON.parse(String(row.data)),
          atMs: row.created_ms,
        },
      }));
      const ctx = createExecutionContext();
      await queue(createMessageBatch("edgemend-jobs", messages), this.env, ctx, { now: () => this.now });
      await waitOnExecutionContext(ctx);
    }
  }
}
