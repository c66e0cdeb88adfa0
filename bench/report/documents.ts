import { readFileSync, writeFileSync } from "node:fs";

const marks = (part: string) => [`<!-- ${part}: begin -->`, `<!-- ${part}: end -->`] as const;

/** The text with what is between the marks of a part replaced. */
export function withPart(text: string, part: string, content: string): string {
  const [begin, end] = marks(part);
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the marks of "${part}" are missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${text.slice(to)}`;
}

/** Rewrites a part of a document. */
export function writePart(file: string, part: string, content: string): void {
  writeFileSync(file, withPart(readFileSync(file, "utf8"), part, content));
}
