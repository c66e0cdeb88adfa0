/** What identifies a representation in conditional requests: bytes under one tag never change. */
export interface Validators {
  /** With its quotes; a strong one. */
  entityTag: string;
  modifiedMs: number;
}

/** What a GET or HEAD is to be answered with; `range` says whether a range may be honoured. */
export type Verdict = { kind: "send"; range: boolean } | { kind: "not modified" } | { kind: "failed" };

const IMF_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC850_DATE = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** The time of an HTTP date in any of its three forms, undefined if it is none: such a condition is ignored. */
export function httpDateMs(text: string): number | undefined {
  const isAscTime = ASCTIME_DATE.test(text);
  if (!isAscTime && !IMF_DATE.test(text) && !RFC850_DATE.test(text)) return undefined;
  const ms = Date.parse(isAscTime ? `${text} GMT` : text);
  return Number.isNaN(ms) ? undefined : ms;
}

export const httpDate = (ms: number): string => new Date(ms).toUTCString();

const TAG = /(?:W\/)?"[^"]*"/g;

const tagsOf = (list: string): string[] => list.match(TAG) ?? [];

const matchesStrongly = (list: string, tag: string): boolean =>
  list.trim() === "*" || tagsOf(list).includes(tag);

const matchesWeakly = (list: string, tag: string): boolean =>
  list.trim() === "*" || tagsOf(list).some((one) => one.replace(/^W\//, "") === tag);

/** Times of validators count in whole seconds, as they are sent. */
const secondsOf = ({ modifiedMs }: Validators): number => Math.floor(modifiedMs / 1000) * 1000;

/** RFC 9110, 13.2.2, in its order, for a representation that exists. */
export function checkPreconditions(headers: Headers, validators: Validators): Verdict {
  const modified = secondsOf(validators);
  const time = (name: string): number | undefined => {
    const value = headers.get(name);
    return value === null ? undefined : httpDateMs(value);
  };
  const ifMatch = headers.get("if-match");
  const unmodifiedSince = time("if-unmodified-since");
  if (ifMatch !== null) {
    if (!matchesStrongly(ifMatch, validators.entityTag)) return { kind: "failed" };
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) return { kind: "failed" };

  const ifNoneMatch = headers.get("if-none-match");
  const modifiedSince = time("if-modified-since");
  if (ifNoneMatch !== null) {
    if (matchesWeakly(ifNoneMatch, validators.entityTag)) return { kind: "not modified" };
  } else if (modifiedSince !== undefined && modified <= modifiedSince) return { kind: "not modified" };

  return { kind: "send", range: isRangeWanted(headers.get("if-range"), validators) };
}

/** A date has to be exactly the one that was sent; a weak tag never counts. */
function isRangeWanted(ifRange: string | null, validators: Validators): boolean {
  if (ifRange === null || ifRange === validators.entityTag) return true;
  return httpDateMs(ifRange) === secondsOf(validators);
}
