import { Due, type Later } from "../platform/later.ts";
import { addCounts, noCounts, type Counts } from "./counts.ts";

/** What a fall of the object loses at most. Shorter than the time after which the platform lets an idle object fall asleep. */
const SAVE_MS = 5000;

const HOUR_MS = 3_600_000;
const KEY = "counts";

interface Kept {
  counts: Counts;
  /** The hour that the tenants' requests are of. */
  hour: number;
}

/** What the one object of the installation can be asked. */
export interface MeterRpc {
  add: (counts: Counts, nowMs: number) => Promise<void>;
  read: (nowMs: number) => Promise<Counts>;
}

/** Counts of all processes together, since the installation began. Saved by its alarm. */
export class Meter implements MeterRpc {
  readonly #storage: DurableObjectStorage;
  #kept: Promise<Kept> | undefined;
  #isSaved = true;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  async add(counts: Counts, nowMs: number): Promise<void> {
    const kept = await this.#of(nowMs);
    addCounts(kept.counts, counts);
    if (!this.#isSaved) return;
    this.#isSaved = false;
    await this.#storage.setAlarm(nowMs + SAVE_MS);
  }

  async read(nowMs: number): Promise<Counts> {
    return (await this.#of(nowMs)).counts;
  }

  async save(): Promise<void> {
    if (this.#isSaved || !this.#kept) return;
    await this.#storage.put(KEY, await this.#kept);
    this.#isSaved = true;
  }

  async #of(nowMs: number): Promise<Kept> {
    this.#kept ??= this.#storage.get<Kept>(KEY).then((kept) => kept ?? { counts: noCounts(), hour: 0 });
    const kept = await this.#kept;
    const hour = Math.floor(nowMs / HOUR_MS);
    // Clocks of processes differ: what one tells late belongs to the hour that has begun.
    if (hour > kept.hour) {
      kept.hour = hour;
      kept.counts.tenants.clear();
    }
    return kept;
  }
}

/** So long a process keeps what it counted. */
const KEEP_MS = 15_000;

export interface MeterEnv {
  METER: DurableObjectNamespace;
  ANALYTICS?: AnalyticsEngineDataset;
}

export const meterOf = ({ METER }: MeterEnv): MeterRpc =>
  METER.get(METER.idFromName("installation")) as unknown as MeterRpc;

/** What one process counted and has not told. */
export class Tally {
  readonly #env: MeterEnv;
  readonly #failed: (cause: unknown) => void;
  readonly #due = new Due(KEEP_MS);
  #counts = noCounts();

  constructor(env: MeterEnv, failed: (cause: unknown) => void) {
    this.#env = env;
    this.#failed = failed;
  }

  /** What the next request is added to; told some time later, with all that came until then. */
  countsAt(nowMs: number, later: Pick<Later, "after">): Counts {
    this.#due.begin(nowMs, later, (dueMs) => this.tell(dueMs));
    return this.#counts;
  }

  async tell(nowMs: number): Promise<void> {
    const counts = this.#counts;
    this.#counts = noCounts();
    this.#due.end();
    if (Object.keys(counts.areas).length === 0) return;
    try {
      await meterOf(this.#env).add(counts, nowMs);
      writePoints(this.#env.ANALYTICS, counts);
    } catch (cause) {
      addCounts(this.#counts, counts);
      this.#failed(cause);
    }
  }
}

/** One point for each area, with its numbers in the order of `AreaCounts`. */
function writePoints(dataset: AnalyticsEngineDataset | undefined, { areas }: Counts): void {
  if (!dataset) return;
  for (const [area, { answers, seconds, trips, rowsRead, rowsWritten, objectCalls }] of Object.entries(areas))
    dataset.writeDataPoint({
      indexes: [area],
      blobs: [area],
      doubles: [...answers, seconds, trips, rowsRead, rowsWritten, objectCalls],
    });
}
