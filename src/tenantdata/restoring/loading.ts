import { rfc3339 } from "../../platform/clock.ts";
import type { Image } from "../journal/lines.ts";
import { baseFor, imagesOf, JournalDamage, segmentsOf } from "../journal/read-journal.ts";
import { IMAGES_A_PAGE, PAGE_BYTES } from "./limits.ts";
import { RestoreFault } from "./restore-fault.ts";
import { demandTurn } from "./restore-store.ts";
import type { Restoring } from "./restoring.ts";
import { stageStatements } from "./staging-store.ts";

/** Pages that one step stages, and objects that it reads. */
const PAGES_A_STEP = 40;
const OBJECTS_A_STEP = 120;

/** What one step may still do. */
interface Room {
  pages: number;
  objects: number;
}

const sizeOf = (image: Image): number => JSON.stringify(image.rows).length;

/** Images of an object after so many of its lines, page by page. */
async function* pagesOf(images: AsyncIterable<Image>, skipped: number): AsyncGenerator<Image[]> {
  let [page, bytes, line]: [Image[], number, number] = [[], 0, 0];
  for await (const image of images) {
    line += 1;
    if (line <= skipped) continue;
    const size = sizeOf(image);
    if (page.length > 0 && (page.length >= IMAGES_A_PAGE || bytes + size > PAGE_BYTES)) {
      yield page;
      [page, bytes] = [[], 0];
    }
    page.push(image);
    bytes += size;
  }
  if (page.length > 0) yield page;
}

/** Stages what an object has; answers whether that was all of it. */
async function stage(restoring: Restoring, key: string, room: Room): Promise<boolean> {
  const { deps, tenant, db } = restoring;
  room.objects -= 1;
  for await (const page of pagesOf(imagesOf(deps, key), restoring.position.load.line)) {
    if (room.pages <= 0) return false;
    room.pages -= 1;
    await db.batch([demandTurn(restoring.row), ...stageStatements(tenant, page)]);
    const { load, images } = restoring.position;
    restoring.position = {
      ...restoring.position,
      images: images + page.length,
      load: { ...load, line: load.line + page.length },
    };
  }
  return true;
}

const load = (restoring: Restoring, to: Partial<Restoring["position"]["load"]>) => {
  restoring.position = { ...restoring.position, load: { ...restoring.position.load, line: 0, ...to } };
};

/**
 * Stages what there was: the base, and after it what changed until then. Pages that are staged twice come in the same order, so
 * that the last image of each subject stays. Answers whether all is staged.
 */
export async function stageSome(restoring: Restoring): Promise<{ isDone: boolean; cutMs: number }> {
  const { deps, tenant, row } = restoring;
  const base = await baseFor(deps, tenant, row.to_ms);
  if (!base) throw new RestoreFault("there is no copy of the tenant from before that time any more");
  const room = { pages: PAGES_A_STEP, objects: OBJECTS_A_STEP };
  let cutMs = row.cut_ms ?? base.finishedMs;
  for (let part = restoring.position.load.part; part < base.parts.length; part++) {
    if (room.objects <= 0 || !(await stage(restoring, base.parts[part] ?? "", room)))
      return { isDone: false, cutMs };
    load(restoring, { part: part + 1 });
  }
  if (restoring.position.images < base.images)
    throw new JournalDamage(`a part of the copy of ${rfc3339(base.begunMs)} is not in the bucket`);
  for await (const segment of segmentsOf(deps, tenant, base.begunMs, row.to_ms)) {
    if (segment.key <= (restoring.position.load.segment ?? "")) continue;
    if (room.objects <= 0 || !(await stage(restoring, segment.key, room))) return { isDone: false, cutMs };
    cutMs = segment.cutMs;
    load(restoring, { segment: segment.key });
  }
  return { isDone: true, cutMs };
}
