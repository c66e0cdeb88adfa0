import type { Silences, SilenceSettled, SilenceWanted } from "../platform/contacts.ts";
import {
  dashed,
  entriesUpTo,
  packed,
  pageOf,
  readPage,
  writePage,
  type ContactTimes,
} from "./presence-pages.ts";

/** Beside each page of contacts: devices whose silence was told, with when; and such as are not looked at before a time. */
export const SILENT = "silent:";
export const DEFERRED = "deferred:";
const LOOKED = "silence-looked";

/** Less than this is no silence, however often a device tells of itself otherwise. */
const SHORTEST_S = 900;

interface Looked {
  atS: number;
  /** Since when devices have been looked at without a gap: while nobody looked, nobody could be heard either. */
  sinceS: number;
}

/** What it needs to know of contacts. */
interface Known {
  bits: () => Promise<number>;
  /** A page of contacts, and the one of rhythms beside it. */
  times: (number: number) => Promise<Uint8Array>;
  rhythms: (number: number) => Promise<Uint8Array>;
  /** The last contact that is in no page yet, 0 without one. */
  unfolded: (id: string) => number;
}

const secondsOf = (ms: number): number => Math.floor(ms / 1000);

/** Which devices are silent for longer than is usual for them, and which of those that were told so are heard again. */
export class Silence {
  readonly #storage: DurableObjectStorage;
  readonly #known: Known;

  constructor(storage: DurableObjectStorage, known: Known) {
    this.#storage = storage;
    this.#known = known;
  }

  async find({ nowMs, patience, pauseMs, limit }: SilenceWanted): Promise<Silences> {
    const nowS = secondsOf(nowMs);
    const found: Silences = { silent: [], back: [] };
    const sinceS = await this.#since(nowS, secondsOf(pauseMs));
    const bits = await this.#known.bits();
    for (let number = 0; number < 1 << bits; number++) {
      const times = await this.#known.times(number);
      const told = await this.#page(SILENT, number);
      const heard = (id: string, seconds: number) => Math.max(seconds, this.#known.unfolded(id));
      const page = told.size > 0 ? readPage(times) : undefined;
      for (const [id, toldS] of told)
        if (found.back.length < limit && heard(id, page?.get(id) ?? 0) > toldS)
          found.back.push({ device: dashed(id), settledMs: toldS * 1000 });
      if (sinceS > nowS - SHORTEST_S || found.silent.length >= limit) continue;
      const untold = this.#quiet(page ?? times, nowS - SHORTEST_S).filter(([id]) => !told.has(id));
      if (untold.length === 0) continue;
      const deferred = await this.#page(DEFERRED, number);
      const quiet = untold.filter(([id]) => (deferred.get(id) ?? 0) <= nowS);
      if (quiet.length === 0) continue;
      const usual = readPage(await this.#known.rhythms(number));
      for (const [id, seenS] of quiet) {
        if (found.silent.length >= limit) break;
        const lastS = heard(id, seenS);
        const silenceS = nowS - Math.max(lastS, sinceS);
        const usualS = usual.get(id) ?? 0;
        const isSilent = usualS > 0 && silenceS > SHORTEST_S && silenceS > patience * usualS;
        if (isSilent)
          found.silent.push({ device: dashed(id), lastMs: lastS * 1000, times: silenceS / usualS });
      }
    }
    return found;
  }

  /** Devices of a page, read or not, that were not heard of since. */
  #quiet(page: ContactTimes | Uint8Array, sinceS: number): [id: string, seconds: number][] {
    return page instanceof Uint8Array
      ? entriesUpTo(page, sinceS)
      : [...page].filter(([, seconds]) => seconds <= sinceS);
  }

  /** Since when somebody looks. After a pause that is too long it begins anew. */
  async #since(nowS: number, pauseS: number): Promise<number> {
    const before = await this.#storage.get<Looked>(LOOKED);
    const sinceS = before && nowS - before.atS <= pauseS ? before.sinceS : nowS;
    await this.#storage.put(LOOKED, { atS: nowS, sinceS } satisfies Looked);
    return sinceS;
  }

  /** Notes what was told, so that it is not found again. */
  async settle({ silent, deferred, back }: SilenceSettled): Promise<void> {
    await this.#storage.transaction(async () => {
      const bits = await this.#known.bits();
      const put = async (prefix: string, added: SilenceSettled["silent"], gone: readonly string[]) => {
        const entries = added.map(([device, ms]) => [packed(device), secondsOf(ms)] as const);
        const changed = [...entries, ...gone.map((device) => [packed(device), undefined] as const)];
        for (const [number, some] of Map.groupBy(changed, ([id]) => pageOf(id, bits))) {
          const page = await this.#page(prefix, number);
          for (const [id, seconds] of some) {
            if (seconds === undefined) page.delete(id);
            else page.set(id, seconds);
          }
          await this.#storage.put(prefix + number, writePage(page));
        }
      };
      await put(SILENT, silent, back);
      await put(DEFERRED, deferred, [...silent.map(([device]) => device), ...back]);
    });
  }

  async #page(prefix: string, number: number): Promise<ContactTimes> {
    return readPage((await this.#storage.get<Uint8Array>(prefix + number)) ?? new Uint8Array());
  }
}
