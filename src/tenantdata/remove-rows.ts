import type { Statement } from "../platform/database.ts";
import type { Removal } from "./removal-store.ts";

/** Of what one statement may remove, what those of all tables remove together: most have nothing. */
const SHARE_OF_ALL = 20;

/**
 * Removes rows for so many calls at most. Removing those of one table can make triggers write to another: nothing is left when
 * a round through all tables finds none.
 */
export async function removeRows(
  removals: readonly Removal[],
  calls: number,
  batch: (statements: Statement<number>[]) => Promise<readonly number[]>,
): Promise<{ rows: number; gone: boolean }> {
  let [rows, left] = [0, calls];
  const some = removals.map(({ most }) => Math.ceil(most / SHARE_OF_ALL));
  while (left > 0) {
    const counts = await batch(removals.map((removal, i) => removal.some(some[i] ?? 1)));
    left -= 1;
    const inRound = counts.reduce((sum, count) => sum + count, 0);
    if (inRound === 0) return { rows, gone: true };
    rows += inRound;
    for (const [i, { some: remove, most }] of removals.entries())
      for (let count = counts[i] === some[i] ? most : 0; count === most && left > 0; left -= 1) {
        [count = 0] = await batch([remove(most)]);
        rows += count;
      }
  }
  return { rows, gone: false };
}
