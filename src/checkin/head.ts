import { systemNow } from "../platform/clock.ts";
import { updateFor } from "./digest.ts";
import type { Check, DigestRequest, DigestResponse, LiveCounters, ReportCheck, Verdict } from "./head-rpc.ts";
import { HeadDigest } from "./head-digest.ts";
import { Presence, type Contact } from "./presence.ts";
import type { SeenByHour } from "./seen-hours.ts";
import { UsedLedger, usedOn } from "./used-ledger.ts";
import { NearAnswers } from "./near-answers.ts";
import type { KeptReport, ReportVerdict } from "./pledges.ts";
import { Once } from "./once.ts";
import { stampContacts } from "./stamp.ts";
import { Waits } from "./waits.ts";
import { CheckRate, WINDOW_MS, type CheckMode } from "./rate.ts";
import { noCost, type Database } from "../platform/database.ts";
import type { Rhythm, Silences, SilenceSettled, SilenceWanted, Wait } from "../platform/contacts.ts";
import type { DigestChange } from "../platform/digest-change.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import type { TenantId } from "../platform/ids.ts";
import { openHome } from "../platform/open-home.ts";
import { dayOf, type Day, type UsedByDay } from "../platform/used.ts";
import { addUsedStatement, isOverRowsStatement } from "../tenants/index.ts";
import type { Later } from "../platform/later.ts";
import { makeLog } from "../platform/log.ts";

/** Contacts are folded into pages, and the first of a day told to the inventory, at most this long after them. */
const FLUSH_MS = 300_000;

const TENANT = "tenant";

/**
 * The one place that every check of a tenant's devices passes: knows who may have work or a void token, when devices
 * were last heard of, and how many ask. What must outlast its memory is in its storage before it may fall asleep.
 */
export class Head {
  readonly #storage: DurableObjectStorage;
  readonly #env: () => Env;
  readonly #later: Later;
  readonly #log = makeLog({ request_id: "tenant-head" });
  readonly #cost = noCost();
  readonly #presence: Presence;
  readonly #digest: HeadDigest;
  readonly #waits: Waits;
  readonly near: NearAnswers;
  readonly #rate: CheckRate;
  readonly #used: UsedLedger;
  /** The day of which the tenant has used all its rows, as far as the database was asked. */
  #overDay: Day | undefined;
  #tenant: TenantId | undefined;
  #isRestored = false;
  /** The contact noted last, and the one up to which all are saved. */
  #notedMs = 0;
  #savedMs = Number.NEGATIVE_INFINITY;
  readonly #saves: Once;
  readonly #savesWaits: Once;

  /** `env` is asked at each use. */
  constructor(storage: DurableObjectStorage, env: () => Env, later: Later) {
    this.#storage = storage;
    this.#env = env;
    this.#later = later;
    this.#presence = new Presence(storage);
    this.#used = new UsedLedger(storage);
    this.#digest = new HeadDigest(storage, (tenant) => this.#database(tenant), this.#log, later.now);
    this.#waits = new Waits(storage);
    this.near = new NearAnswers(storage, this.#digest, () => 1000 * settingsOf(env()).DEVICE_TOKEN_LIFE_S);
    this.#saves = new Once(later, () => this.#logged("contacts not saved", this.#save()));
    this.#savesWaits = new Once(later, () => this.#logged("waits not saved", this.#waits.save()));
    this.#rate = new CheckRate(settingsOf(env()).RELAXED_ABOVE_PER_S);
  }

  /** Whether a check may be answered "nothing to do". What it cannot tell, it calls a concern. */
  async check(tenant: TenantId, check: Check): Promise<Verdict> {
    this.#rate.add(1, check.nowMs);
    const digest = await this.#digest.current(tenant, check.nowMs);
    const concerns = !digest || (await this.#waits.mayGet(digest, check, check.nowMs));
    const work =
      concerns && digest
        ? { stamp: this.#waits.stamp(digest), isPlain: this.#digest.seen?.isPlain === true }
        : undefined;
    // What concerns the database is counted with what it costs there.
    if (!concerns) this.#used.add(usedOn(dayOf(check.nowMs), { requests: 1, checks: 1 }));
    await this.note(tenant, [...check.seen, [check.device, check.nowMs]]);
    return { concerns, mode: this.#mode(check.nowMs), work };
  }

  /** Takes in what the database told of a device that can get nothing for now. */
  async wait(tenant: TenantId, device: string, wait: Wait & { stamp: string; nowMs: number }): Promise<void> {
    const digest = await this.#digest.current(tenant, wait.nowMs);
    if (digest) await this.#waits.note(digest, device, wait, wait.stamp, wait.nowMs);
    if (this.#waits.hasUnsaved) this.#savesWaits.after(this.#saveMs);
  }

  /** Whether a report may be answered with nothing done. */
  async report(tenant: TenantId, check: ReportCheck): Promise<ReportVerdict> {
    const { device, nowMs, seen, kept = [] } = check;
    this.near.keepReports(kept);
    const verdict = await this.near.report(tenant, check, nowMs);
    if (verdict.isSame) this.#used.add(usedOn(dayOf(nowMs), { requests: 1 }));
    this.#notedMs = nowMs;
    await this.note(tenant, verdict.isSame ? [...seen, [device, nowMs]] : seen);
    return verdict;
  }

  /** Takes in what became of reports that it was asked about. */
  async keepReports(tenant: TenantId, reports: readonly KeptReport[], nowMs: number): Promise<void> {
    this.near.keepReports(reports);
    this.#notedMs = nowMs;
    await this.note(tenant, []);
  }

  /** The digest for a Worker that answers checks by itself; without one while there is none. */
  async digest(tenant: TenantId, visit: DigestRequest): Promise<DigestResponse> {
    this.#rate.add(visit.checks, visit.nowMs);
    this.#used.add(visit.used);
    await this.note(tenant, visit.seen);
    const digest = await this.#digest.current(tenant, visit.nowMs);
    const mode = this.#mode(visit.nowMs);
    if (!digest) return { mode, update: undefined };
    return { mode, update: updateFor(digest, visit.known), stamp: this.#waits.stamp(digest) };
  }

  /** Takes in what a Worker has counted; tells whether the tenant has used all its rows of the day. */
  async use(tenant: TenantId, used: UsedByDay, nowMs: number): Promise<boolean> {
    this.#used.add(used);
    this.#notedMs = nowMs;
    await this.note(tenant, []);
    return this.#overDay === dayOf(nowMs);
  }

  /** Takes in what changed; the change is answered to its author after this. */
  async changed(changes: readonly DigestChange["what"][]): Promise<void> {
    await this.#waits.apply(changes);
    if (changes.some(({ kind }) => kind === "anew")) await this.near.forget();
    const ours = changes.filter(({ kind }) => !["told", "moved", "room"].includes(kind));
    if (ours.length > 0) await this.#digest.apply(ours);
  }

  /** Last contacts in milliseconds by device, those included that the Worker has to tell of. */
  async lastSeen(
    tenant: TenantId,
    devices: readonly string[],
    seen: readonly Contact[],
  ): Promise<Record<string, number>> {
    await this.note(tenant, seen); // restores what was stored, also without a contact
    return this.#presence.lastSeen(devices);
  }

  /** The same with the rhythm of each. */
  async rhythms(
    tenant: TenantId,
    devices: readonly string[],
    seen: readonly Contact[],
  ): Promise<Record<string, Rhythm>> {
    await this.note(tenant, seen);
    return this.#presence.rhythms(devices);
  }

  /** Devices that are silent for longer than is usual for them, and such as are heard again. */
  async silences(wanted: SilenceWanted): Promise<Silences> {
    await this.#restore();
    return this.#presence.silences(wanted);
  }

  async settleSilences(settled: SilenceSettled): Promise<void> {
    await this.#restore();
    await this.#presence.settleSilences(settled);
  }

  /** How many devices were heard of in each hour. */
  async seenByHour(): Promise<SeenByHour> {
    await this.#restore();
    return this.#presence.seenByHour();
  }

  /** For how long each of some devices, from all over the fleet, has been silent now, ascending. */
  async ages(nowMs: number): Promise<number[]> {
    await this.#restore();
    return this.#presence.ages(nowMs);
  }

  async live(tenant: TenantId, nowMs: number): Promise<LiveCounters> {
    const digest = await this.#digest.current(tenant, nowMs);
    return {
      checks_per_second: this.#rate.perSecond(nowMs),
      mode: this.#mode(nowMs),
      generation: digest?.generation ?? 0,
      database: { ...this.#cost },
    };
  }

  /** Some of the devices whose checks `live` counts. */
  async recent(nowMs: number, limit: number): Promise<string[]> {
    await this.#restore();
    return this.#presence.since(nowMs - 2 * WINDOW_MS, limit);
  }

  /** Forgets everything, as if it had never been. */
  async forget(): Promise<void> {
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
    this.#digest.forget();
    this.#waits.forget();
    this.#presence.forget();
    this.#used.forget();
    await this.near.forget();
    this.#tenant = undefined;
  }

  /** Takes contacts in. Those after a silence are stored when this returns, others within seconds. */
  async note(tenant: TenantId, contacts: readonly Contact[]): Promise<void> {
    await this.#restore();
    for (const [device, atMs] of contacts) {
      this.#presence.note(device, atMs);
      this.#notedMs = atMs;
    }
    if (!this.#presence.hasUnsaved && !this.#used.hasUnsaved && !this.near.hasUnsaved) return;
    if (this.#tenant !== tenant) await this.#storage.put(TENANT, tenant);
    this.#tenant = tenant;
    if (Math.abs(this.#notedMs - this.#savedMs) >= this.#saveMs) await this.#save();
    else this.#saves.after(this.#saveMs);
    if (this.#presence.isFull) this.#later.now(this.#logged("contacts not folded", this.flush()));
  }

  /** Reads what was stored. An alarm may have been lost, unless it is the alarm that calls. */
  async #restore(isWoken = false) {
    if (this.#isRestored) return;
    await Promise.all([this.#presence.restore(), this.#used.restore()]);
    this.#tenant = await this.#storage.get<TenantId>(TENANT);
    this.#isRestored = true;
    if (isWoken || !this.#isOwing) return;
    const alarmMs = await this.#storage.getAlarm();
    if (alarmMs === null || alarmMs < systemNow()) await this.#wake();
  }

  /** Contacts are saved at once after so long a silence, else together at its end: well before an object falls asleep. */
  get #saveMs(): number {
    return settingsOf(this.#env()).CONTACTS_SAVE_MS;
  }

  get #isOwing(): boolean {
    return this.#presence.isOwing || this.#used.isOwing;
  }

  async #save() {
    this.#savedMs = this.#notedMs;
    this.near.save(this.#notedMs);
    // What is owed but not stored has no alarm yet.
    if (!this.#presence.isOwing && (this.#presence.hasUnsaved || this.#used.hasUnsaved)) await this.#wake();
    await Promise.all([this.#presence.save(), ...(this.#used.hasUnsaved ? [this.#used.save()] : [])]);
  }

  #logged(what: string, work: Promise<void>): Promise<void> {
    return work.catch((cause: unknown) => this.#log.error(what, { cause }));
  }

  #wake(): Promise<void> {
    return this.#storage.setAlarm(systemNow() + FLUSH_MS);
  }

  /** Folds the contacts that gathered. What the database does not take now waits for the next time. */
  async flush(): Promise<void> {
    await this.#restore(true);
    await this.#logged("usage not written", this.#writeUsed());
    await this.#presence.fold((contacts) => this.#stamp(contacts));
    if (this.#isOwing) await this.#wake();
  }

  /** A row for each day, however many requests there were. */
  async #writeUsed(): Promise<void> {
    const tenant = this.#tenant;
    if (!tenant) return;
    await this.#used.leave(systemNow(), async (day, used, number) => {
      const [, isOver] = await this.#database(tenant).batch([
        addUsedStatement(tenant, day, used, number),
        isOverRowsStatement(tenant, day),
      ]);
      if (isOver) this.#overDay = day;
      else if (this.#overDay === day) this.#overDay = undefined;
    });
  }

  #stamp(contacts: readonly Contact[]): Promise<number> {
    const tenant = this.#tenant;
    if (!tenant) return Promise.resolve(contacts.length); // nobody's
    return stampContacts(tenant, contacts, { database: this.#database(tenant), log: this.#log });
  }

  /** The mode of now: the one of the rate, unless the deployment fixes it. */
  #mode(nowMs: number): CheckMode {
    const { CHECK_MODE } = settingsOf(this.#env());
    return CHECK_MODE === "auto" ? this.#rate.mode(nowMs) : CHECK_MODE;
  }

  #database(tenant: TenantId): Database {
    return openHome(this.#env(), tenant, { now: systemNow, cost: this.#cost });
  }
}
