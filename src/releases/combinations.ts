import { createHash } from "node:crypto";

/** One value for each depends key. */
export type Combination = Record<string, string>;

export const MAX_COMBINATIONS = 1024;

/**
 * Every way to pick one value of each key (protocol notes, deployments 7.1): a name may have each only once. Undefined
 * if there are more than the server is willing to hold.
 */
export function unwind(depends: Record<string, string | string[]>): Combination[] | undefined {
  const keys = Object.keys(depends).toSorted();
  let combinations: [string, string][][] = [[]];
  for (const key of keys) {
    const value = depends[key] ?? [];
    const values = [...new Set(typeof value === "string" ? [value] : value)];
    if (combinations.length * values.length > MAX_COMBINATIONS) return undefined;
    // A key without values restricts nothing.
    if (values.length > 0)
      combinations = combinations.flatMap((picked) =>
        values.map((one): [string, string][] => [...picked, [key, one]]),
      );
  }
  return combinations.map((pairs) => Object.fromEntries(pairs));
}

/** Short and equal for equal combinations; keys are in order already. */
export const digestOf = (combination: Combination): string =>
  createHash("sha256")
    .update(JSON.stringify(Object.entries(combination)))
    .digest("hex")
    .slice(0, 32);
