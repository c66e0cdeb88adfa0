import { Head } from "../../src/checkin/head.ts";
import type { Env } from "../../src/platform/env.ts";
import { env, type Server } from "./server.ts";

class Fall extends Error {}

const ALARM = "alarm";

/**
 * What outlives an object that falls: entries of its storage and nothing else. Every reading and writing is a moment at
 * which it may fall, before or after it took effect.
 */
class FallingStorage {
  readonly #kept: Map<string, unknown>;
  readonly #pass: () => void;

  constructor(kept: Map<string, unknown>, pass: () => void) {
    this.#kept = kept;
    this.#pass = pass;
  }

  get = (key: string) => this.#do(() => structuredClone(this.#kept.get(key)));

  put = (key: string, value: unknown) =>
    this.#do(() => {
      this.#kept.set(key, structuredClone(value));
    });

  delete = (key: string) => this.#do(() => this.#kept.delete(key));

  list = ({ prefix }: { prefix: string }) =>
    this.#do(() => structuredClone(new Map([...this.#kept].filter(([key]) => key.startsWith(prefix)))));

  /** Takes effect as a whole at its end, or not at all. */
  transaction = async (work: (storage: FallingStorage) => Promise<void>) => {
    const staged = new Map(this.#kept);
    await work(new FallingStorage(staged, this.#pass));
    await this.#do(() => {
      this.#kept.clear();
      for (const [key, value] of staged) this.#kept.set(key, value);
    });
  };

  setAlarm = (atMs: number) =>
    this.#do(() => {
      this.#kept.set(ALARM, atMs);
    });

  getAlarm = () => this.#do(() => this.#kept.get(ALARM) ?? null);

  async #do<T>(act: () => T): Promise<T> {
    this.#pass();
    const result = act();
    this.#pass();
    return result;
  }
}

/**
 * A head in this process that falls once, at the given moment of its storage, and is started again by the next call. It
 * may also fall asleep, as every object does that is not called for a while and has no timer.
 */
export class FallingHead {
  moments = 0;
  falls = 0;
  #timers: (() => Promise<unknown>)[] = [];
  readonly #fallAt: number;
  readonly #kept = new Map<string, unknown>();
  #head: Head | undefined;

  constructor(fallAt = Number.POSITIVE_INFINITY) {
    this.#fallAt = fallAt;
  }

  /** Bindings of a server whose only head is this one. */
  bindings(server: Server): Env {
    const stub = {
      check: (...args: Parameters<Head["check"]>) => this.#call((head) => head.check(...args)),
      digest: (...args: Parameters<Head["digest"]>) => this.#call((head) => head.digest(...args)),
      changed: (...args: Parameters<Head["changed"]>) => this.#call((head) => head.changed(...args)),
      note: (...args: Parameters<Head["note"]>) => this.#call((head) => head.note(...args)),
      wait: (...args: Parameters<Head["wait"]>) => this.#call((head) => head.wait(...args)),
      lastSeen: (...args: Parameters<Head["lastSeen"]>) => this.#call((head) => head.lastSeen(...args)),
      rhythms: (...args: Parameters<Head["rhythms"]>) => this.#call((head) => head.rhythms(...args)),
      seenByHour: () => this.#call((head) => head.seenByHour()),
      ages: (nowMs: number) => this.#call((head) => head.ages(nowMs)),
      silences: (...args: Parameters<Head["silences"]>) => this.#call((head) => head.silences(...args)),
      settleSilences: (...args: Parameters<Head["settleSilences"]>) =>
        this.#call((head) => head.settleSilences(...args)),
    };
    const TENANT_HEAD = { idFromName: () => ({}), get: () => stub } as unknown as Env["TENANT_HEAD"];
    return { ...server.env, TENANT_HEAD };
  }

  /** The alarm rings; the platform repeats one that failed. */
  async ring(): Promise<void> {
    if (!this.#kept.delete(ALARM)) return;
    await this.#call((head) => head.flush()).catch(() => this.#call((head) => head.flush()));
  }

  /** Whether an alarm is set, at which it will be woken. */
  get isToBeWoken(): boolean {
    return this.#kept.has(ALARM);
  }

  /** Nobody calls for a while: timers fire, and what is only in memory is gone. */
  async sleep(): Promise<void> {
    for (let timer = this.#timers.shift(); timer; timer = this.#timers.shift()) await timer();
    this.#head = undefined;
  }

  async #call<T>(work: (head: Head) => Promise<T>): Promise<T> {
    try {
      return await work((this.#head ??= this.#start()));
    } catch (cause) {
      if (cause instanceof Fall) this.#fall();
      throw cause;
    }
  }

  #fall() {
    this.#head = undefined;
    this.#timers = [];
  }

  #start(): Head {
    let hasFallen = false;
    const pass = () => {
      if (hasFallen) throw new Fall("fallen");
      this.moments += 1;
      if (this.moments !== this.#fallAt) return;
      hasFallen = true;
      this.falls += 1;
      throw new Fall("fallen");
    };
    const storage = new FallingStorage(this.#kept, pass);
    return new Head(storage as unknown as DurableObjectStorage, () => env, {
      now: () => {},
      after: (_, work) => this.#timers.push(work),
    });
  }
}
