import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { TenantId } from "../../platform/ids.ts";
import { deviceIds, distinctTexts } from "../store/search.ts";
import { COLUMN_TYPES, ID_KEY, isTime, type RegexTerm, type Term } from "./terms.ts";

/** Different values of an attribute that an expression is tried on. */
const MAX_TEXTS = 20_000;
/** Steps all expressions of a search may take together: a fraction of a second. */
const MAX_STEPS = 5_000_000;

/** What one statement takes as its list of values. */
const MAX_LIST_CHARACTERS = 1_000_000;

const tooMuch = () =>
  new Fault(
    "bad_request",
    "value: the regular expression is too costly on this attribute, begin it with ^ and a text.",
  );

/**
 * Replaces expressions by the values in use that they match: an attribute has far fewer values than devices, and each
 * is looked at once. One round trip for all.
 */
export async function resolveExpressions(
  deps: Deps,
  tenant: TenantId,
  terms: readonly (Term | RegexTerm)[],
): Promise<Term[]> {
  const open = terms.filter((term) => term.kind === "regex").filter((term) => !isTime(term.key));
  const found = await deps
    .db(tenant)
    .batch(
      open.map(({ key, regex }) =>
        key === ID_KEY
          ? deviceIds(tenant, regex.prefix, MAX_TEXTS + 1)
          : distinctTexts(tenant, key, regex.prefix, MAX_TEXTS + 1),
      ),
    );
  const work: Work = { steps: 0 };
  return terms.map((term) => {
    if (term.kind !== "regex") return term;
    const texts = found[open.indexOf(term)] ?? [];
    if (texts.length > MAX_TEXTS) throw tooMuch();
    return matching(
      term,
      texts.map((row) => row.value),
      work,
    );
  });
}

/** What the expressions of a search have cost so far. */
export interface Work {
  steps: number;
}

/** Adds steps to the work, and refuses the search if that becomes too much. */
export function requireWork(work: Work, steps: number): void {
  work.steps += steps;
  if (work.steps > MAX_STEPS) throw tooMuch();
}

/** An expression as a list of those of the texts that it matches. */
export function matching({ key, regex }: RegexTerm, texts: readonly string[], work: Work): Term {
  const values = texts.filter((text) => regex.test(text, (steps) => requireWork(work, steps)));
  if (values.reduce((sum, text) => sum + text.length, 0) > MAX_LIST_CHARACTERS) throw tooMuch();
  const term: Term = { kind: "any", key, values, negated: false };
  return COLUMN_TYPES.has(key) ? term : { ...term, kept: true };
}
