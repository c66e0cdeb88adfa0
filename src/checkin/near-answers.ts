import type { KnownSet, ReadSet } from "../platform/known-sets.ts";
import type { PledgedRow } from "../platform/near-reports.ts";
import type { TenantId } from "../platform/ids.ts";
import { mayBeVoid, type Checking } from "./digest.ts";
import type { HeadDigest } from "./head-digest.ts";
import { KnownSetsStorage, type Standing } from "./known-sets.ts";
import { Pledges, type Asking, type KeptReport, type ReportVerdict } from "./pledges.ts";

/** What the head of a tenant answers in place of the database besides checks: who comes back, and who reports the same. */
export class NearAnswers {
  readonly #digest: HeadDigest;
  readonly #lifeMs: () => number;
  readonly #known: KnownSetsStorage;
  readonly #pledges: Pledges;

  /** `lifeMs` is that of a device's token. */
  constructor(storage: DurableObjectStorage, digest: HeadDigest, lifeMs: () => number) {
    this.#digest = digest;
    this.#lifeMs = lifeMs;
    this.#known = new KnownSetsStorage(storage);
    this.#pledges = new Pledges(storage.kv);
  }

  /** The accepted set that a device authenticates with, if its token is certain to hold. */
  async knownSet(tenant: TenantId, print: string, nowMs: number): Promise<KnownSet | undefined> {
    const standing = await this.#standing(tenant, nowMs);
    return standing && this.#known.find(print, standing);
  }

  /** Takes in an accepted set that the database told of. */
  async rememberSet(tenant: TenantId, print: string, known: ReadSet, nowMs: number): Promise<void> {
    const standing = await this.#standing(tenant, nowMs);
    if (standing) await this.#known.remember(print, known, standing);
  }

  /** Whether a report is the same as what is stored. Of a token that may be void nothing is told. */
  async report(tenant: TenantId, asked: Checking & Asking, nowMs: number): Promise<ReportVerdict> {
    const digest = await this.#digest.current(tenant, nowMs);
    if (!digest || mayBeVoid(digest, asked)) return { isSame: false, isUnheard: true, ended: [] };
    return this.#pledges.ask(asked.device, asked, nowMs);
  }

  keepReports(reports: readonly KeptReport[]): void {
    for (const report of reports) this.#pledges.keep(report);
  }

  get hasUnsaved(): boolean {
    return this.#pledges.hasUnsaved;
  }

  save(nowMs: number): void {
    this.#pledges.save(nowMs);
  }

  endReports(rows: readonly PledgedRow[]): void {
    this.#pledges.end(rows);
  }

  /** Forgets what it knows. */
  async forget(): Promise<void> {
    await this.#known.forget();
    this.#pledges.forget();
  }

  async #standing(tenant: TenantId, nowMs: number): Promise<Standing | undefined> {
    const digest = await this.#digest.current(tenant, nowMs);
    const tenantMs = this.#digest.seen?.tenantMs ?? Number.NEGATIVE_INFINITY;
    return digest && { digest, tenantMs, nowMs, lifeMs: this.#lifeMs() };
  }
}
