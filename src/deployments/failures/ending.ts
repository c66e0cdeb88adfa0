import type { LogMessage } from "../log-text.ts";
import { redacted } from "../redact.ts";

/** Lines that tell a failure; more of them would tell devices apart. */
const LINES = 3;

/** Lines looked at from the end. */
const LOOKED_AT = 100;

const LINE_CHARACTERS = 300;

const SEVERE: ReadonlySet<string> = new Set([
  "error",
  "err",
  "fatal",
  "panic",
  "critical",
  "crit",
  "alert",
  "emerg",
]);

const ADDRESS = "<address>";
const NUMBER = "#";

/** What differs from device to device, the longest kinds first. */
const FOLDED: readonly [RegExp, string][] = [
  [/\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>]+/gi, ADDRESS],
  [/[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+/g, ADDRESS],
  [/(?<![\w:.-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])/gi, ADDRESS],
  [/(?<![\w:.])\d{1,2}:\d{2}:\d{2}(?![\w:])/g, NUMBER],
  [/(?<![\w:.\]])(?=[0-9a-f]|::)(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi, ADDRESS],
  [/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.]*\d)/g, ADDRESS],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, NUMBER],
  [/\b(?:0x[0-9a-f]+|[0-9a-f]{8,})\b/gi, NUMBER],
  [/(?<![\w/+-])(?=[\w+/-]{0,64}\d)[\w+/-]{24,}={0,2}/g, NUMBER],
  [/\d+(?:[.,]\d+)*/g, NUMBER],
  [/\s+/g, " "],
];

/** What is folded can make a part beside it one that is, too. */
const PASSES = 4;

/** A line without numbers, ids, addresses and secrets. */
export function folded(line: string): string {
  let text = redacted(line.slice(0, LINE_CHARACTERS));
  for (let pass = 0; pass < PASSES; pass++) {
    const before = text;
    for (const [kind, sign] of FOLDED) text = text.replace(kind, sign);
    if (text === before) break;
  }
  return text.trim().slice(0, LINE_CHARACTERS);
}

/** The last messages that tell of an error, or the last ones where none does. */
export function decisiveLines(messages: readonly LogMessage[]): readonly LogMessage[] {
  const errors = messages.filter(({ level }) => SEVERE.has((level ?? "").toLowerCase()));
  return (errors.length > 0 ? errors : messages).slice(-LOOKED_AT);
}

/**
 * The end of a log as it is the same on all devices that failed the same way: the last lines that tell of an error, or the
 * last ones where none does. What is repeated is there once.
 */
export function endingOf(messages: readonly LogMessage[]): string {
  const lines = decisiveLines(messages).map(({ message }) => folded(message));
  return lines
    .filter((line, i) => line !== "" && line !== lines[i - 1])
    .slice(-LINES)
    .join("\n");
}

const PRINT_CHARACTERS = 22;

/** The name of an ending. */
export async function printOf(ending: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(ending));
  return Buffer.from(digest).toString("base64url").slice(0, PRINT_CHARACTERS);
}
