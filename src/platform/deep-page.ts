/** Rows that one statement passes over on its way to a page. */
const PASSED_AT_ONCE = 20_000;

export interface Start<P> {
  /** The last place before the page, if there is any before. */
  after: P | undefined;
  /** Rows to pass over behind it. */
  offset: number;
}

/**
 * Finds the beginning of a page far behind in a list, in steps between which the database answers others: each step gives the
 * place so many rows behind another. Undefined if the list ends before.
 */
export async function startOfPage<P>(
  offset: number,
  step: (after: P | undefined, rows: number) => Promise<P | undefined>,
  passedAtOnce = PASSED_AT_ONCE,
): Promise<Start<P> | undefined> {
  let after: P | undefined;
  let left = offset;
  for (; left > passedAtOnce; left -= passedAtOnce) {
    after = await step(after, passedAtOnce);
    if (after === undefined) return undefined;
  }
  return { after, offset: left };
}
