import { expect, test } from "vitest";
import { documents, sources } from "./documents.ts";

const FOLDERS = ["src", "workers", "durable-objects", "test"];
const NAME = "[a-z][a-z-]*(?: and [a-z]+| traffic)?";
const NUMBER = String.raw`\d+(?:\.\d+)?`;
/** `protocol notes, deviceconfig 6 and 7`, `the protocol notes (artifact-format 10)`, `the protocol notes' terms (tenancy and audit 7)`. */
const CITATION = new RegExp(
  `protocol notes(?:, |(?:' terms| say)? \\()(${NAME}) (${NUMBER}(?:(?:, | and )${NUMBER})*)`,
  "gi",
);

/** A source without the line breaks and stars of its comments. */
const asText = (text: string): string => text.replaceAll(/\s*\n\s*(?:\*|\/\/)? ?/g, " ");

const commented = sources(...FOLDERS).filter(({ name }) => name !== "test/docs/protocol.test.ts");

const citations = commented.flatMap(({ name, text }) =>
  [...asText(text).matchAll(CITATION)].flatMap(([, file = "", numbers = ""]) =>
    numbers.split(/, | and /).map((number) => ({
      from: name,
      to: `docs/protocol/${file.toLowerCase().replaceAll(" ", "-")}.md`,
      number,
    })),
  ),
);

/** Headings of the notes, by document: `## 4. Users`, `### 4.2 Change`. */
const sections = new Map(
  documents().map(({ name, text }) => [
    name,
    [...text.matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number),
  ]),
);

test("each citation of the protocol notes leads to a section", () => {
  expect(citations.length).toBeGreaterThan(70);
  const lost = citations.filter(({ to, number }) => !sections.get(to)?.includes(number));
  expect(lost.map(({ from, to, number }) => `${from}: ${to} ${number}`)).toEqual([]);
});

/** They speak of the notes and of no place in them. */
const GENERAL = 4;

test("nearly every mention of the protocol notes says where", () => {
  const count = (pattern: RegExp) =>
    commented.reduce((sum, { text }) => sum + [...asText(text).matchAll(pattern)].length, 0);
  expect(count(/protocol notes/g) - count(CITATION)).toBeLessThanOrEqual(GENERAL);
});
