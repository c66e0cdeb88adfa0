import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { TenantId } from "../../platform/ids.ts";
import { StepBudget, STEPS } from "../../platform/step-budget.ts";
import { nameOfKey } from "../attributes.ts";
import { withPlace } from "../refuse.ts";
import { deviceIds, distinctTexts } from "../store/search.ts";
import { COLUMN_TYPES, ID_KEY, isTime, type RegexTerm, type Term } from "./terms.ts";

/** Different values of an attribute that an expression is tried on. */
const MAX_TEXTS = 20_000;

/** What one statement takes as its list of values. */
const MAX_LIST_CHARACTERS = 1_000_000;

const TOO_COSTLY =
  "value: the regular expression is too costly on this attribute, begin it with ^ and a text.";

/** The refusal of an expression, with the attribute it is on where that is known. */
function tooMuch(key?: string): Fault {
  if (key === undefined) return new Fault("bad_request", TOO_COSTLY);
  const { scope, name } = nameOfKey(key);
  return new Fault("bad_request", withPlace(TOO_COSTLY, `${scope}/${name} $regex`));
}

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
  const budget = expressionBudget();
  return terms.map((term) => {
    if (term.kind !== "regex") return term;
    const texts = found[open.indexOf(term)] ?? [];
    if (texts.length > MAX_TEXTS) throw tooMuch(term.key);
    return matching(
      term,
      texts.map((row) => row.value),
      budget,
    );
  });
}

/** What all expressions of a search may cost together. */
export const expressionBudget = (steps: number = STEPS.management): StepBudget =>
  new StepBudget(steps, () => tooMuch());

/** Whatever limit is exceeded, the refusal names the attribute. */
function naming<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof Fault ? tooMuch(key) : cause;
  }
}

/** An expression as a list of those of the texts that it matches. */
export function matching({ key, regex }: RegexTerm, texts: readonly string[], budget: StepBudget): Term {
  const values = naming(key, () => {
    const found = texts.filter((text) => regex.test(text, (steps) => budget.spend(steps)));
    requireShortList(found);
    return found;
  });
  const term: Term = { kind: "any", key, values, negated: false };
  return COLUMN_TYPES.has(key) ? term : { ...term, kept: true };
}

/** Refuses a list of values that no statement takes. */
export function requireShortList(values: readonly string[]): void {
  if (values.reduce((sum, text) => sum + text.length, 0) > MAX_LIST_CHARACTERS) throw tooMuch();
}
