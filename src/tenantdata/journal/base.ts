import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { Value } from "../rows-store.ts";
import { schemaState } from "../schema-state.ts";
import { foundBy, reading, type Columns, type Found } from "./images-store.ts";
import { advanceBaseStatement, endBaseStatement, walkedKeys, type JournalRow } from "./journal-store.ts";
import { KEYS_A_SLICE, READS_A_PART, SLICE_BYTES } from "./limits.ts";
import { packed, type Image } from "./lines.ts";
import { BASE_FILE, baseFolder, basePartKey } from "./object-keys.ts";
import { SUBJECTS } from "./subjects.ts";
import type { BaseFile } from "./read-journal.ts";

/** How far a copy is. */
interface Position {
  /** What was changed after this is in segments. */
  begunMs: number;
  /** Parts that somebody has taken on. */
  part: number;
  /** The place of the subject under way, and the last key of it that was read. */
  subject: number;
  after: readonly Value[] | null;
  images: number;
}

const positionOf = ({ base, turned_ms }: JournalRow): Position => ({
  begunMs: turned_ms,
  part: 0,
  subject: 0,
  after: null,
  images: 0,
  ...(JSON.parse(base ?? "{}") as Partial<Position>), // only `writeBasePart` writes it
});

const isAtEnd = ({ subject }: Position): boolean => subject >= SUBJECTS.length;

/** Where it goes on after what was found of some subjects, and what of that counts. */
function advanced(position: Position, found: readonly Found[]): { to: Position; images: Image[] } {
  const cut = found.findIndex(({ images, isWhole }) => !isWhole || images.length >= KEYS_A_SLICE);
  const counted = cut === -1 ? found : found.slice(0, cut + 1);
  const images = counted.flatMap((one) => one.images);
  const to = {
    ...position,
    subject: position.subject + (cut === -1 ? found.length : cut),
    after: cut === -1 ? null : (found[cut]?.images.at(-1)?.key ?? null),
    images: position.images + images.length,
  };
  return { to, images };
}

/** The next subjects: those of a large kind alone, and all that are left while there are few of each. */
async function readOn(deps: Deps, tenant: TenantId, columns: Columns, position: Position) {
  const subjects = SUBJECTS.slice(
    position.subject,
    position.after === null ? undefined : position.subject + 1,
  );
  const bytes = Math.floor(SLICE_BYTES / Math.max(READS_A_PART, subjects.length));
  const readings = subjects.map((subject) => {
    const source = walkedKeys(tenant, subject, position.after);
    return reading({ tenant, subject, source, bytes }, columns);
  });
  const results = await deps.db(tenant).batch(readings.flatMap(({ statements }) => statements));
  return advanced(position, foundBy(readings, results));
}

/**
 * Writes the next part of a whole copy of what the journal is about; answers whether it was the last. Each part is taken
 * on before it is begun, so that of two who are at it neither leaves anything out.
 */
export async function writeBasePart(deps: Deps, row: JournalRow, columns: Columns): Promise<boolean> {
  const { tenant_id: tenant } = row;
  const db = deps.db(tenant);
  const begun = positionOf(row);
  const taken = { ...begun, part: begun.part + 1 };
  const own = { ...row, base: JSON.stringify(taken) };
  if ((await db.one(advanceBaseStatement(row, own.base))) === 0) return true;
  const images: Image[] = [];
  let position = taken;
  for (let reads = 0; !isAtEnd(position) && reads < READS_A_PART; reads++) {
    const next = await readOn(deps, tenant, columns, position);
    position = next.to;
    images.push(...next.images);
  }
  const bytes = packed(images);
  await deps.bucket.put(basePartKey(tenant, begun.begunMs, taken.part), bytes);
  if (!isAtEnd(position)) {
    await db.one(advanceBaseStatement(own, JSON.stringify(position), bytes.length));
    return false;
  }
  const finishedMs = Math.max(deps.now(), begun.begunMs);
  const file: BaseFile = {
    begun_ms: begun.begunMs,
    finished_ms: finishedMs,
    images: position.images,
    schema: schemaState(),
  };
  await deps.bucket.put(`${baseFolder(tenant, begun.begunMs)}${BASE_FILE}`, JSON.stringify(file));
  await db.one(endBaseStatement(own, { begunMs: begun.begunMs, finishedMs, bytes: bytes.length }));
  return true;
}
