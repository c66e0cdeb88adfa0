import { describe, expect, it } from "vitest";
import { checkPreconditions, httpDateMs } from "../../../src/storage/preconditions.ts";

const CHANGED = Date.UTC(2031, 4, 5, 6, 7, 8, 900);
const AT = "Mon, 05 May 2031 06:07:08 GMT";
const BEFORE = "Mon, 05 May 2031 06:07:07 GMT";
const AFTER = "Mon, 05 May 2031 06:07:09 GMT";
const verdict = (headers: Record<string, string>) => {
  const found = checkPreconditions(new Headers(headers), { entityTag: '"a,b"', modifiedMs: CHANGED });
  return found.kind === "send" ? (found.range ? "send" : "send whole") : found.kind;
};

describe("preconditions", () => {
  it.each([
    [{}, "send"],
    [{ "if-match": '"a,b"' }, "send"],
    [{ "if-match": "*" }, "send"],
    [{ "if-match": '"x", "a,b"' }, "send"],
    [{ "if-match": '"x"' }, "failed"],
    [{ "if-match": 'W/"a,b"' }, "failed"],
    [{ "if-match": "a,b" }, "failed"],
    [{ "if-unmodified-since": AT }, "send"],
    [{ "if-unmodified-since": AFTER }, "send"],
    [{ "if-unmodified-since": BEFORE }, "failed"],
    [{ "if-unmodified-since": "yesterday" }, "send"],
    [{ "if-match": '"a,b"', "if-unmodified-since": BEFORE }, "send"],
    [{ "if-none-match": '"a,b"' }, "not modified"],
    [{ "if-none-match": '"x" ,W/"a,b"' }, "not modified"],
    [{ "if-none-match": "*" }, "not modified"],
    [{ "if-none-match": '"x"' }, "send"],
    [{ "if-modified-since": AT }, "not modified"],
    [{ "if-modified-since": BEFORE }, "send"],
    [{ "if-modified-since": "2031-05-05T06:07:09Z" }, "send"],
    [{ "if-none-match": '"x"', "if-modified-since": AFTER }, "send"],
    [{ "if-match": '"x"', "if-none-match": '"a,b"' }, "failed"],
    [{ "if-range": '"a,b"' }, "send"],
    [{ "if-range": 'W/"a,b"' }, "send whole"],
    [{ "if-range": '"x"' }, "send whole"],
    [{ "if-range": AT }, "send"],
    [{ "if-range": AFTER }, "send whole"],
    [{ "if-range": "soon" }, "send whole"],
  ] as [Record<string, string>, string][])("%j: %s", (headers, expected) => {
    expect(verdict(headers)).toBe(expected);
  });
});

describe("an HTTP date", () => {
  it.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Sunday, 06-Nov-94 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Sun Nov  6 08:49:37 1994", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["1994-11-06", undefined],
    ["Sun, 06 Nov 1994 08:49:37 CET", undefined],
    ["Sun, 99 Nov 1994 08:49:37 GMT", undefined],
  ])("%s", (text, ms) => {
    expect(httpDateMs(text)).toBe(ms);
  });
});
