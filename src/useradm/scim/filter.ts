import { scimFault } from "./errors.ts";

export interface Filter {
  attribute: string;
  value: string;
}

const EQUALS =
  /^\s*(?:urn:[\w.:-]+:)?([\w.$-]+(?:\[type eq "\w+"\])?(?:\.\w+)?)\s+eq\s+("(?:[^"\\]|\\.){0,512}")\s*$/i;

function textOf(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string; // a quoted text, as the expression says
  } catch {
    return undefined;
  }
}

/** The one comparison that identity providers look users and groups up by. */
export function filterFrom(text: string | undefined, known: readonly string[]): Filter | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const [, name = "", quoted = ""] = EQUALS.exec(text.slice(0, 1024)) ?? [];
  const attribute = name.toLowerCase();
  const value = textOf(quoted);
  if (value === undefined || !known.includes(attribute))
    throw scimFault("bad_request", `only \`eq\` of ${known.join(", ")} can be filtered by`, "invalidFilter");
  return { attribute, value };
}

const MAX_PAGE = 100;

/** Counted from 1; what is too small is taken for the smallest (RFC 7644, 3.4.2.4). */
export function pageOf(query: Readonly<Record<string, string>>): { start: number; count: number } {
  const whole = (text: string | undefined, fallback: number) => {
    if (text === undefined) return fallback;
    if (!/^-?\d{1,9}$/.test(text))
      throw scimFault("bad_request", "startIndex and count must be whole numbers", "invalidValue");
    return Number(text);
  };
  return {
    start: Math.max(1, whole(query.startIndex, 1)),
    count: Math.min(MAX_PAGE, Math.max(0, whole(query.count, MAX_PAGE))),
  };
}
