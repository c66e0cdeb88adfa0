import { expect, test } from "vitest";
import { CLOSE } from "../../src/deviceconnect/sockets.ts";
import { documents, said, sources, wrong } from "./documents.ts";

/** What a table or sentence quotes as the words of an error: after a status, or several words that are no command or code. */
const AFTER_STATUS = /\b(?:4\d\d|5\d\d|10[01]\d) `([^`]+)`/g;
const WORDS = /`([a-z][a-z']*:?(?: [\w':…]+)+)`/g;

const COMMANDS = /^(?:npm|npx|wrangler|mender|mender-\w+|kill|journalctl) /;

/** What device clients say is theirs to change: these are the rows of a table with such a heading. */
const withoutForeignTables = (text: string): string =>
  text.replaceAll(/^\| The client says \|.*\n(?:\|.*\n)+/gm, "");

const withoutExamples = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "");

/** Contributors are told of commits, and the protocol's facts are of the original: the words there are not all of this server. */
const FOREIGN = /^(?:CONTRIBUTING\.md|docs\/protocol\/.*)$/;

const quoted = documents()
  .filter(({ name }) => !FOREIGN.test(name))
  .flatMap(({ name, text }) => {
    const prose = withoutForeignTables(withoutExamples(text));
    return [...prose.matchAll(AFTER_STATUS), ...prose.matchAll(WORDS)]
      .map(([, words = ""]) => words)
      .filter((words) => !COMMANDS.test(words))
      .map((words) => ({ name, words }));
  });

const LITERAL = /"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g;

const texts = sources("src", "durable-objects", "workers").flatMap(({ text }) =>
  [...text.matchAll(LITERAL)].map((found) => found.slice(1).join("")),
);

/** Parts that are put together are texts of their own: what is wrong, and behind a colon how. An ellipsis stands for what differs. */
const isSaid = (words: string): boolean =>
  texts.some((text) => text.includes(words)) ||
  words
    .split(/(?<=: )|…/)
    .filter((part) => part.trim() !== "")
    .every((part) => texts.some((text) => text.includes(part)));

test("the words of each error that documents quote are those of the server", () => {
  expect(quoted.length).toBeGreaterThan(25);
  expect(quoted.filter(({ words }) => !isSaid(words))).toEqual([]);
});

test("each close of a socket that documents quote has this code and these words", () => {
  const closes = Object.values(CLOSE).map(({ code, reason }) => `${code} \`${reason}\``);
  const told = said(/\b(10[01]\d `[^`]+`)/g);
  expect(told.length).toBeGreaterThan(8);
  expect(wrong(told.filter(({ found }) => !closes.includes(found)))).toEqual([]);
});
