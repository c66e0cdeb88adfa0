import type { StepBudget } from "../platform/step-budget.ts";

/** Longer texts fit no pattern, because the work is the product of both lengths at worst. */
const MAX_TEXT = 1024;

/**
 * True if the whole text fits the pattern: `*` stands for any text, `?` for any one character, everything else for
 * itself in any case.
 */
export function matchesPattern(pattern: string, text: string, budget: StepBudget): boolean {
  if (text.length > MAX_TEXT) return false;
  const wanted = Array.from(pattern.toLowerCase());
  const given = Array.from(text.toLowerCase());
  budget.spend(wanted.length + given.length);
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < given.length) {
    const expected = wanted[next];
    if (expected === "*") {
      star = next++;
      resume = at;
    } else if (expected === "?" || (expected !== undefined && expected === given[at])) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      budget.spend(at - resume + 1); // what is looked at once more
      at = ++resume;
    } else {
      return false;
    }
  }
  return wanted.slice(next).every((char) => char === "*");
}
