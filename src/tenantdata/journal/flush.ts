import type { Database, Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { asDeviceId, type TenantId } from "../../platform/ids.ts";
import {
  foundBy,
  journaledColumns,
  reading,
  type Columns,
  type Found,
  type Reading,
} from "./images-store.ts";
import {
  broughtDeployments,
  broughtFailures,
  flushedStatement,
  journalStatement,
  markedDeviceKeys,
  markedKeys,
  markedStatement,
  sliceStatement,
  turnStatement,
  unmarkStatement,
  updatedDevices,
  type JournalRow,
  type Marked,
  type Turned,
  type UpdatesAfter,
} from "./journal-store.ts";
import {
  DEVICE_DEPLOYMENT,
  DEPLOYMENT,
  FAILURE_COUNT,
  INVENTORY,
  SUBJECT_BY_NAME,
  type Subject,
} from "./subjects.ts";
import { KEYS_A_SLICE, SLICE_BYTES, SLICES_A_RUN, SLICES_AT_ONCE } from "./limits.ts";
import { packed } from "./lines.ts";
import { segmentKey } from "./object-keys.ts";

interface Flushing {
  deps: Deps;
  tenant: TenantId;
  db: Database;
  columns: Columns;
  /** Set by the first slice. */
  turned: Turned | undefined;
  /** Where devices that were updated are looked for next; undefined at their end. */
  updates: UpdatesAfter | undefined;
  slices: number;
}

function subjectNamed(name: string): Subject {
  const subject = SUBJECT_BY_NAME.get(name);
  if (!subject) throw new Error(`there is no subject ${name}`);
  return subject;
}

/** What is marked on the oldest page, and who was updated since. */
interface SliceReadings {
  marked: Reading[];
  brought: Reading[];
  updated: Reading[];
}

function readingsOf(flushing: Flushing, found: Marked | undefined): SliceReadings {
  const { tenant, columns, updates } = flushing;
  const subjects = found?.subjects ?? [];
  const bytes = Math.floor(SLICE_BYTES / Math.max(1, subjects.length + 1));
  const page = found?.page ?? 0;
  const marked = subjects.map((name) => {
    const source =
      name === DEVICE_DEPLOYMENT ? markedDeviceKeys(tenant, page) : markedKeys(tenant, page, name);
    return reading({ tenant, subject: subjectNamed(name), source, bytes }, columns);
  });
  const brought = subjects.includes(DEVICE_DEPLOYMENT)
    ? [
        { source: broughtDeployments(tenant, page), subject: subjectNamed(DEPLOYMENT) },
        { source: broughtFailures(tenant, page), subject: subjectNamed(FAILURE_COUNT) },
      ]
    : [];
  const updated = updates
    ? [{ source: updatedDevices(tenant, updates), subject: subjectNamed(INVENTORY) }]
    : [];
  return {
    marked,
    // All of them, because nothing is left by which they would be found again.
    brought: brought.map((of) => reading({ ...of, tenant, bytes: Number.MAX_SAFE_INTEGER }, columns)),
    updated: updated.map((of) => reading({ ...of, tenant, bytes }, columns)),
  };
}

/** Where devices are looked for after these; undefined if they were all. */
function afterUpdated({ images, isWhole }: Found): UpdatesAfter | undefined {
  if (isWhole && images.length < KEYS_A_SLICE) return undefined;
  const row = images.at(-1)?.rows["inventory_devices"]?.[0];
  return row && { ms: Number(row["updated_ms"]), device: asDeviceId(String(row["device_id"])) };
}

/** What is read is what was there when the page was turned, or later. */
async function readSlice(flushing: Flushing, statements: readonly Statement<unknown>[]) {
  const { deps, tenant, db } = flushing;
  if (flushing.turned) return db.batch(statements);
  const [turned, ...results] = await db.batch([turnStatement(tenant, deps.now()), ...statements]);
  flushing.turned = turned;
  return results;
}

/** Removes the marks of what was read. */
const unmark = ({ tenant }: Flushing, marked: readonly Reading[], found: readonly Found[], page: number) =>
  marked.flatMap(({ subject: { name: subject } }, i) => {
    const key = found[i]?.lastKey;
    return key === undefined ? [] : [unmarkStatement(tenant, { page, subject, key })];
  });

/** One object more in the bucket, and the marks of what is in it gone; answers whether nothing is left. */
async function writeSlice(flushing: Flushing): Promise<boolean> {
  const { deps, tenant, db } = flushing;
  const oldest = await db.one(markedStatement(tenant));
  const { marked, brought, updated } = readingsOf(flushing, oldest);
  const readings = [...marked, ...brought, ...updated];
  const results = await readSlice(
    flushing,
    readings.flatMap(({ statements }) => statements),
  );
  const { turned } = flushing;
  if (!turned) return true;
  const found = foundBy(readings, results);
  const images = found.flatMap((one) => one.images);
  const bytes = images.length > 0 ? packed(images) : new Uint8Array();
  if (images.length > 0) await deps.bucket.put(segmentKey(tenant, turned.turned_ms, flushing.slices), bytes);
  flushing.slices += 1;
  const last = found.at(-1);
  if (updated.length > 0 && last) flushing.updates = afterUpdated(last);
  const { updates } = flushing;
  const unmarked = unmark(flushing, marked, found, oldest?.page ?? 0);
  if (updates) {
    await db.batch([...unmarked, sliceStatement(tenant, turned, { bytes: bytes.length, updates })]);
    return false;
  }
  const done = await db.batch([...unmarked, flushedStatement(tenant, turned, bytes.length)]);
  return done.at(-1) === true;
}

/** Puts what was changed into the bucket, so many slices at most; answers whether that was all. */
export async function flush(
  deps: Deps,
  { tenant_id: tenant, from_ms: ms, from_device: device }: JournalRow,
  columns: Columns,
  slices = SLICES_A_RUN,
): Promise<boolean> {
  const db = deps.db(tenant);
  const updates = { ms, device };
  const flushing: Flushing = { deps, tenant, db, columns, turned: undefined, updates, slices: 0 };
  while (flushing.slices < slices) if (await writeSlice(flushing)) return true;
  return false;
}

/** Puts all that was changed up to now into the bucket; answers until when that is, or nothing if there is no journal. */
export async function flushJournal(deps: Deps, tenant: TenantId): Promise<number | undefined> {
  const db = deps.db(tenant);
  const [row, columns] = await db.batch([journalStatement(tenant), journaledColumns]);
  if (!row || row.state === "off") return undefined;
  if (!(await flush(deps, row, columns, SLICES_AT_ONCE)))
    throw new Fault("unavailable", "the journal of the tenant has more than can be written at once");
  return (await db.one(journalStatement(tenant)))?.flushed_ms;
}
