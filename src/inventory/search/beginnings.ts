import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { TenantId } from "../../platform/ids.ts";
import { pagesOfBeginnings } from "../store/text.ts";
import { beginningsOf } from "./search-text.ts";

/** Of the index, all words that begin so are read before the first device is found: no more than so many pages of 4 kB. */
const MOST_PAGES = 500;

/** Refuses beginnings that too many words of too many devices have. */
export async function requireRareBeginnings(
  deps: Deps,
  tenant: TenantId,
  words: readonly string[],
  mostPages = MOST_PAGES,
): Promise<void> {
  const beginnings = beginningsOf(words);
  if (beginnings.length === 0) return;
  const sizes = await deps.db(tenant).one(pagesOfBeginnings(beginnings));
  const pages = sizes.reduce((sum, one) => sum + one.pages, 0);
  if (pages <= mostPages) return;
  const worst = sizes.toSorted((a, b) => b.pages - a.pages)[0]?.beginning ?? "";
  throw new Fault(
    "bad_request",
    `text: too many devices have words that begin with ${worst}: write more of it, or all.`,
  );
}
