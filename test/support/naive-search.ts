/** Search over devices in memory, written from the protocol notes and as plainly as possible, to hold the real one against. */

export type NaiveValue = string | number | boolean | (string | number)[];

export interface NaiveDevice {
  id: string;
  /** By "scope/name"; times are RFC 3339 texts. */
  attributes: Record<string, NaiveValue>;
}

export interface NaivePredicate {
  scope: string;
  attribute: string;
  type: string;
  value: unknown;
}

const TIMES = ["system/created_ts", "system/updated_ts", "system/check_in_time"];

const membersOf = (device: NaiveDevice, name: string): (string | number | boolean)[] | undefined => {
  if (name === "identity/id") return [device.id];
  const value = device.attributes[name];
  if (value === undefined) return undefined;
  const members = Array.isArray(value) ? value : [value];
  return TIMES.includes(name) ? members.map((text) => Date.parse(String(text))) : members;
};

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Order of texts by their bytes, as the database has it. */
function compareTexts(a: string, b: string): number {
  const [left, right] = [utf8(a), utf8(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]! - right[i]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const compareSame = (a: unknown, b: unknown): number | undefined => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  return undefined;
};

const POSIX: Record<string, string> = {
  "[:digit:]": "0-9",
  "[:alpha:]": "A-Za-z",
  "[:alnum:]": "0-9A-Za-z",
  "[:punct:]": "!-\\/:-@\\[-`\\{-~",
};

/** An expression in the language's own form. */
function plainExpression(text: string): RegExp {
  const fold = text.startsWith("(?i)");
  const body = text.slice(fold ? 4 : 0).replace(/\[:\w+:\]/g, (name) => POSIX[name]!);
  return new RegExp(body, fold ? "iu" : "u");
}

export function naiveMatch(device: NaiveDevice, predicate: NaivePredicate): boolean {
  const name = `${predicate.scope}/${predicate.attribute}`;
  const members = membersOf(device, name);
  const turn = (value: unknown) =>
    TIMES.includes(name) && typeof value === "string" ? Date.parse(value) : value;
  const value = Array.isArray(predicate.value) ? predicate.value.map(turn) : turn(predicate.value);
  const any = (test: (member: unknown) => boolean) => (members ?? []).some(test);
  const within = (test: (difference: number) => boolean) =>
    any((member) => {
      const difference = compareSame(member, value);
      return difference !== undefined && test(difference);
    });
  switch (predicate.type) {
    case "$eq":
      return any((member) => member === value);
    case "$ne":
      return !any((member) => member === value);
    case "$in":
      return any((member) => (value as unknown[]).includes(member));
    case "$nin":
      return !any((member) => (value as unknown[]).includes(member));
    case "$gt":
      return within((difference) => difference > 0);
    case "$gte":
      return within((difference) => difference >= 0);
    case "$lt":
      return within((difference) => difference < 0);
    case "$lte":
      return within((difference) => difference <= 0);
    case "$ltne":
      return members === undefined || within((difference) => difference < 0);
    case "$exists":
      return (members !== undefined) === value;
    case "$regex":
      return any((member) => typeof member === "string" && plainExpression(String(value)).test(member));
    default:
      throw new Error(predicate.type);
  }
}

const rank = (value: unknown) => (typeof value === "number" ? 0 : typeof value === "string" ? 1 : 2);

/** Texts are sorted by their beginning only. */
const sorted = (value: string | number | boolean) =>
  typeof value === "string" ? value.slice(0, 256) : value;

const compareAny = (a: string | number | boolean, b: string | number | boolean): number =>
  rank(a) - rank(b) || (compareSame(sorted(a), sorted(b)) ?? Number(a) - Number(b));

export interface NaiveSort {
  scope: string;
  attribute: string;
  order: "asc" | "desc";
}

/** Order of a sorted search: numbers, texts, booleans; what lacks the attribute comes last; then by id. */
export function naiveOrder(sort: readonly NaiveSort[]) {
  const backwards = sort[0]?.order === "desc";
  return (a: NaiveDevice, b: NaiveDevice): number => {
    for (const { scope, attribute, order } of sort) {
      const best = (device: NaiveDevice) =>
        (membersOf(device, `${scope}/${attribute}`) ?? []).toSorted((x, y) =>
          order === "desc" ? compareAny(y, x) : compareAny(x, y),
        )[0];
      const [left, right] = [best(a), best(b)];
      if (left === undefined && right === undefined) continue;
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      const difference = compareAny(left, right);
      if (difference !== 0) return order === "desc" ? -difference : difference;
    }
    const difference = compareTexts(a.id, b.id);
    return backwards ? -difference : difference;
  };
}
