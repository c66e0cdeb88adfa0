/** A value that is being typed, at the end of a query. */
export interface Begun {
  name: string;
  /** Everything before the value. */
  before: string;
  prefix: string;
}

const BEGUN = /(?:^|\s)-?([\p{L}_][\p{L}\p{N}_./-]*)(?::|!=|=)(?:[^\s,"]+,)*([^\s,"]*)$/u;

/** The value that somebody has begun to type; undefined where it is none, or in quotes. */
export function begunValue(text: string): Begun | undefined {
  const found = BEGUN.exec(text);
  if (!found) return undefined;
  const [, name = "", prefix = ""] = found;
  return { name, prefix, before: text.slice(0, text.length - prefix.length) };
}
