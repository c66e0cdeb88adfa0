import type { TenantId } from "./ids.ts";
import type { Statement } from "./statement.ts";

type Ran = D1Result<Record<string, unknown>>[];
type Batch = readonly Statement<unknown>[];
type Send = (statements: Batch) => Promise<Ran>;

/** Batches under way at once; those that come meanwhile go together, as soon as one is back. */
const AT_ONCE = 2;
/** What goes together at most. */
const MOST = 16;
/** Whoever waits for longer goes alone: the request that was to take it along may have ended. */
const PATIENCE_MS = 2000;
/** A request that has ended gives nothing back. */
const GONE_AFTER_MS = 30_000;
const MOST_TENANTS = 1000;

/** A batch that waits. It is told its results, or to go: alone, or with others. */
interface Waiting {
  statements: Batch;
  tell: (turn: Turn) => void;
}

type Turn = { results: Ran } | { companions: readonly Waiting[] };

/** The clock of a request, and what lets its work go on after the answer. */
export interface Clock {
  now: () => number;
  later: (work: Promise<unknown>) => void;
}

/**
 * Small batches of a tenant's devices, which are carried out in one round trip if they come at the same time: that costs much
 * more than what is in it. Each is still all or nothing. A batch may be carried out once more, of which it must not do
 * anything twice, and none may look at what others change in the same transaction.
 */
export class Gathering {
  readonly #underWay = new Set<{ sinceMs: number }>();
  readonly #waiting: Waiting[] = [];

  async carryOut(statements: Batch, send: Send, clock: Clock): Promise<Ran> {
    for (const place of this.#underWay)
      if (clock.now() - place.sinceMs >= GONE_AFTER_MS) this.#underWay.delete(place);
    if (this.#underWay.size < AT_ONCE) return this.#lead(statements, [], send, clock);
    const turn = await this.#wait(statements);
    return "results" in turn ? turn.results : this.#lead(statements, turn.companions, send, clock);
  }

  async #wait(statements: Batch): Promise<Turn> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<Turn>((tell) => {
        const waiting = { statements, tell };
        this.#waiting.push(waiting);
        timer = setTimeout(() => {
          const at = this.#waiting.indexOf(waiting);
          if (at >= 0) this.#waiting.splice(at, 1);
          tell({ companions: [] });
        }, PATIENCE_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #lead(
    statements: Batch,
    companions: readonly Waiting[],
    send: Send,
    { now, later }: Clock,
  ): Promise<Ran> {
    const place = { sinceMs: now() };
    this.#underWay.add(place);
    const sent = this.#send(statements, companions, send).finally(() => {
      this.#underWay.delete(place);
      this.#callNext();
    });
    // Others wait for it, also if the client of this request goes away.
    later(sent.catch(() => undefined));
    return sent;
  }

  async #send(statements: Batch, companions: readonly Waiting[], send: Send): Promise<Ran> {
    const all = [statements, ...companions.map((one) => one.statements)];
    try {
      const results = await send(all.flat());
      let from = statements.length;
      for (const { statements: own, tell } of companions) {
        tell({ results: results.slice(from, from + own.length) });
        from += own.length;
      }
      return results.slice(0, statements.length);
    } catch (cause) {
      // What one of them is refused for is nothing to the others.
      for (const { tell } of companions) tell({ companions: [] });
      if (companions.length === 0) throw cause;
      return send(statements);
    }
  }

  #callNext(): void {
    if (this.#underWay.size >= AT_ONCE) return;
    const [first, ...companions] = this.#waiting.splice(0, MOST);
    first?.tell({ companions });
  }
}

// What is under way belongs to an isolate and its binding of a database.
const gatherings = new WeakMap<D1Database, Map<TenantId, Gathering>>();

export function gatheringOf(database: D1Database, tenant: TenantId): Gathering {
  const ofDatabase = gatherings.get(database) ?? new Map<TenantId, Gathering>();
  gatherings.set(database, ofDatabase);
  const known = ofDatabase.get(tenant);
  if (known) return known;
  if (ofDatabase.size >= MOST_TENANTS) ofDatabase.clear();
  const made = new Gathering();
  ofDatabase.set(tenant, made);
  return made;
}
