import type { EventHandler, Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { newId, type TenantId } from "../platform/ids.ts";
import { addEvent } from "../platform/outbox.ts";
import { retryDelayMs } from "../platform/retry-delay.ts";
import { drainOutbox } from "../platform/send-events.ts";
import { noAnswer, REQUEST_MS, type Attempt } from "./attempt.ts";
import type { Credentials } from "./credentials.ts";
import { unsealed } from "./sealing.ts";
import {
  headsStatement,
  hurryStatement,
  leaseStatement,
  putOffStatement,
  releaseStatement,
  settleStatement,
  waitingTenantsStatement,
  type Head,
  type Leased,
  type Settled,
} from "./delivery-store.ts";
import { DELIVERIES_DUE } from "./events.ts";
import { tellCloud } from "./cloud.ts";
import { cloudOf } from "./providers.ts";
import { callWebhook } from "./webhook.ts";

/** How long an event is tried. */
const GIVE_UP_MS = 72 * 3_600_000;

/** Pauses of one device's events, doubled to an hour; and of a receiver that answers nobody. */
const FIRST_PAUSE_MS = 10_000;
const RECEIVER_PAUSE_MS = 5_000;
const LAST_RECEIVER_PAUSE_MS = 60_000;

/** No run begins a page after so long, so that a lease outlasts it. */
const RUN_MS = 25_000;
const LEASE_MS = RUN_MS + 3 * REQUEST_MS + 5_000;

/** Of one run, each with two calls of the database. */
const PAGES = 20;
const PAGE = 24;
const PROBES = 3;
/** Connections that one invocation may have open. */
const AT_ONCE = 6;

/** Tenants that one run of the sweep wakes; each gets an event of its own. */
const WOKEN_AT_ONCE = 200;

/**
 * Sends what is due in a tenant. A run of each integration goes on by itself, so that a receiver that is slow or away holds up
 * neither the others nor what comes after this event.
 */
export const deliverDue: EventHandler = async (deps, { tenant }) => {
  const nowMs = deps.now();
  const leased = await deps.db(tenant).one(leaseStatement(tenant, nowMs, nowMs + LEASE_MS));
  for (const integration of leased) {
    const run = new Run(deps, tenant, integration).whole();
    // The lease ends, and the sweep begins anew.
    deps.later(run.catch((cause: unknown) => deps.log.error("deliveries broken off", { tenant, cause })));
  }
};

/** Wakes the tenants whose integrations wait for a retry, or were left by a crash. */
export const wakeWaiting: Sweep = async (deps) => {
  const nowMs = deps.now();
  const waiting = await deps.directory.one(waitingTenantsStatement(nowMs, WOKEN_AT_ONCE));
  await deps.directory.batch(
    waiting.flatMap(({ tenant_id: tenant }) => [
      putOffStatement(tenant, nowMs, nowMs + LEASE_MS),
      addEvent({ kind: DELIVERIES_DUE, tenant, subject: tenant }, nowMs),
    ]),
  );
  if (waiting.length > 0) await drainOutbox(deps, deps.directory);
};

const UNREADABLE: Attempt = { success: false, error: "the credentials cannot be read: set them again" };

/** One integration being told, device by device in the order of what happened to each. */
class Run {
  readonly #deps: Deps;
  readonly #tenant: TenantId;
  readonly #integration: Leased;
  #failures: number;

  constructor(deps: Deps, tenant: TenantId, integration: Leased) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#integration = integration;
    this.#failures = integration.failures;
  }

  async whole(): Promise<void> {
    const deps = this.#deps;
    const id = this.#integration.integration_id;
    const credentials = await unsealed(deps, this.#tenant, this.#integration);
    const untilMs = deps.now() + RUN_MS;
    let pausedMs = 0;
    // Anywhere, so that none is always the last; then from the beginning.
    let after = newId();
    for (let page = 0; page < PAGES && deps.now() < untilMs && pausedMs === 0; page++) {
      const window = { after, nowMs: deps.now(), limit: PAGE };
      const heads = await deps.db(this.#tenant).one(headsStatement(this.#tenant, id, window));
      if (heads.length === 0 && after === "") break;
      after = heads.length < PAGE ? "" : (heads.at(-1)?.device_id ?? "");
      if (heads.length > 0 && !(await this.#page(heads, credentials)))
        pausedMs = deps.now() + receiverPauseMs(this.#failures);
    }
    await this.#release(pausedMs);
  }

  /** Whether anything got through, or nothing had to. */
  async #page(heads: readonly Head[], credentials: Credentials | undefined): Promise<boolean> {
    const nowMs = this.#deps.now();
    const expired = heads.filter(({ attempts, time_ms }) => attempts > 0 && nowMs - time_ms >= GIVE_UP_MS);
    const open = heads.filter((head) => !expired.includes(head));
    // A few show whether a receiver is back.
    const tried = this.#failures > 0 ? open.slice(0, PROBES) : open;
    const attempts = await this.#tryAll(tried, credentials);
    const isThere = tried.length === 0 || attempts.some(hasReceiver);
    const isBack = isThere && tried.length > 0 && this.#failures > 0;
    if (!isThere) this.#failures += 1;
    else if (isBack) this.#failures = 0;
    const settled = [
      ...expired.map((head) => settledAs(head, GIVEN_UP, this.#deps.now())),
      ...tried.map((head, i) => settledAs(head, attempts[i] ?? noAnswer(undefined), this.#deps.now())),
    ];
    const id = this.#integration.integration_id;
    await this.#deps
      .db(this.#tenant)
      .batch([
        settleStatement(this.#tenant, id, settled),
        ...(isBack ? [hurryStatement(this.#tenant, id, this.#deps.now())] : []),
      ]);
    return isThere;
  }

  async #tryAll(heads: readonly Head[], credentials: Credentials | undefined): Promise<Attempt[]> {
    const attempts: Attempt[] = [];
    const waiting = heads.entries();
    const lane = async () => {
      for (const [at, head] of waiting) attempts[at] = await this.#tell(credentials, head);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return attempts;
  }

  async #tell(credentials: Credentials | undefined, head: Head): Promise<Attempt> {
    if (!credentials) return UNREADABLE;
    if (credentials.type === "http") return callWebhook(this.#deps, credentials, head);
    const told = {
      tenant: this.#tenant,
      integration: this.#integration.integration_id,
      provider: credentials.type === "aws" ? ("AWS" as const) : ("Azure" as const),
      cloud: cloudOf(this.#deps, credentials),
    };
    return tellCloud(this.#deps, told, head);
  }

  async #release(pausedMs: number): Promise<void> {
    const { now, log } = this.#deps;
    const db = this.#deps.db(this.#tenant);
    const state = { failures: this.#failures, pausedMs };
    const waitingMs = await db.one(releaseStatement(this.#tenant, this.#integration.integration_id, state));
    if (waitingMs === undefined || waitingMs > now()) return;
    await db.one(addEvent({ kind: DELIVERIES_DUE, tenant: this.#tenant, subject: this.#tenant }, now()));
    await drainOutbox(this.#deps, this.#deps.directory).catch((cause: unknown) =>
      log.error("outbox not drained", { cause }),
    );
  }
}

/** Whether there is somebody, who may not want this event. */
const hasReceiver = ({ success, statusCode = 500 }: Attempt): boolean =>
  success || (statusCode < 500 && statusCode !== 408 && statusCode !== 429);

const GIVEN_UP: Attempt = { success: false, error: "given up: not delivered in 72 h" };

function settledAs({ position, attempts, time_ms }: Head, attempt: Attempt, nowMs: number): Settled {
  const isOver = attempt === GIVEN_UP || nowMs - time_ms >= GIVE_UP_MS;
  return {
    position,
    status: attempt.success ? "done" : isOver ? "failed" : "pending",
    dueMs: nowMs + retryDelayMs(FIRST_PAUSE_MS, attempts),
    statusCode: attempt.statusCode ?? null,
    error: attempt.error ?? null,
  };
}

const receiverPauseMs = (failures: number): number =>
  Math.min(retryDelayMs(RECEIVER_PAUSE_MS, failures - 1), LAST_RECEIVER_PAUSE_MS);
