import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { begunValue } from "../../../console/src/query/begun.ts";
import { parse, printAll, type Term, type Value } from "../../../console/src/query/parse.ts";
import { isLasting, queryFor, searchFor, without } from "../../../console/src/query/search.ts";
import { attributeOf, wordFor } from "../../../console/src/query/words.ts";

const NOW_MS = Date.UTC(2030, 0, 10);
const search = (text: string) => searchFor(parse(text), NOW_MS);

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.record({ text: fc.stringMatching(/^[a-zA-Z0-9._:-]{1,12}$/), isQuoted: fc.constant(false) }),
  fc.record({ text: fc.string({ unit: "grapheme", maxLength: 12 }), isQuoted: fc.constant(true) }),
);
const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/).filter((text) => text !== "has");
const condition: fc.Arbitrary<Term> = fc.oneof(
  fc.record({
    kind: fc.constant("condition" as const),
    name,
    operator: fc.constantFrom("=" as const, "!=" as const),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
    isNegated: fc.constant(false),
  }),
  fc.record({
    kind: fc.constant("condition" as const),
    name,
    operator: fc.constantFrom("<" as const, "<=" as const, ">" as const, ">=" as const),
    values: fc.array(value, { minLength: 1, maxLength: 1 }),
    isNegated: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("condition" as const),
    name,
    operator: fc.constant("has" as const),
    values: fc.constant([]),
    isNegated: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("text" as const),
    value: fc.record({ text: fc.string(), isQuoted: fc.constant(true) }),
  }),
);
const term = fc.oneof({ weight: 5, arbitrary: condition }, fc.constant<Term>({ kind: "or" }));

describe("a query", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 5 }), (terms) => {
        const { terms: read, mistakes } = parse(printAll(terms));
        expect([read.map((placed) => placed.term), mistakes]).toEqual([terms, []]);
      }),
    );
  });

  it("of any text is read without failing, and every piece of it stands once", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from(':=<>!~-,"\\ ab1é\0or')), maxLength: 40 }),
        (text) => {
          const parsed = parse(text);
          const places = [...parsed.terms, ...parsed.mistakes].toSorted((a, b) => a.from - b.from);
          let last = 0;
          for (const { from, to } of places) {
            if (from < last || to > text.length) expect.fail(`${from} to ${to} after ${last}`);
            last = to;
          }
          expect(searchFor(parsed, NOW_MS).filters.length).toBeLessThanOrEqual(parsed.terms.length);
        },
      ),
    );
  });

  it("becomes the conditions that the server's search takes", () => {
    expect(search('status:accepted type:rpi4,rpi5 -group:lab tag.line=7 kernel~^6 free "two words"')).toEqual(
      {
        filters: [
          { scope: "identity", attribute: "status", type: "$eq", value: "accepted" },
          { scope: "inventory", attribute: "device_type", type: "$in", value: ["rpi4", "rpi5"] },
          { scope: "system", attribute: "group", type: "$ne", value: "lab" },
          { scope: "tags", attribute: "line", type: "$in", value: ["7", 7] },
          { scope: "inventory", attribute: "kernel", type: "$regex", value: "^6" },
        ],
        any: undefined,
        text: "free two words",
        mistakes: [],
      },
    );
  });

  it("asks for any of several groups of conditions", () => {
    expect(search("status:pending or status:accepted type:a OR has:alerts")).toMatchObject({
      filters: [],
      any: [
        [{ attribute: "status", value: "pending" }],
        [
          { attribute: "status", value: "accepted" },
          { attribute: "device_type", value: "a" },
        ],
        [{ attribute: "alerts", value: true }],
      ],
      mistakes: [],
    });
    expect(search('"or" x').text).toBe("or x");
  });

  it("loses an or with the last condition on one of its sides", () => {
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 6 }), fc.nat(5), (terms, at) => {
        const text = printAll(terms);
        const found = parse(text).terms[at];
        if (!found || found.term.kind === "or") return;
        const { terms: left } = parse(without(text, found));
        expect(left.at(0)?.term.kind).not.toBe("or");
        expect(left.at(-1)?.term.kind).not.toBe("or");
        expect(left.filter((one) => one.term.kind !== "or")).toHaveLength(
          parse(text).terms.filter((one) => one.term.kind !== "or").length - 1,
        );
      }),
    );
  });

  it("asks for ages by times, the older the earlier", () => {
    expect(
      search("seen>2d created<=6h seen<2030-01-01").filters.map(({ type, value }) => [type, value]),
    ).toEqual([
      ["$lt", "2030-01-08T00:00:00.000Z"],
      ["$gte", "2030-01-09T18:00:00.000Z"],
      ["$lt", "2030-01-01T00:00:00.000Z"],
    ]);
    expect(search("-seen>2d").filters[0]?.type).toBe("$gte");
  });

  it("knows of open alerts, and of what is not there", () => {
    expect(search("has:alerts -has:tag.line -has:alerts").filters).toEqual([
      { scope: "monitor", attribute: "alerts", type: "$eq", value: true },
      { scope: "tags", attribute: "line", type: "$exists", value: false },
      { scope: "monitor", attribute: "alerts", type: "$ne", value: true },
    ]);
  });

  it.each([
    ['type:"rpi', 'the closing " is missing'],
    ["type:", "a value is missing"],
    ["type:a,,b", "a value is missing"],
    ["or b:2", "or stands between conditions: status:pending or seen>2d"],
    ["a:1 or", "or stands between conditions: status:pending or seen>2d"],
    ["a:1 or or b:2", "or stands between conditions: status:pending or seen>2d"],
    ["a:1 or word", "words go with no or: name what they are of, as in tag.line:7"],
    ["version<1,2", "several values go with : or = only"],
    ["-kernel~x", "an expression cannot be turned round"],
    ["-group!=lab", "- and != say the same: one of them is enough"],
    ["seen>soon", "seen takes an age (30min, 6h, 2d, 1w) or a date (2030-01-31)"],
    ["seen:2d", "seen takes < and >: seen>2d is more than two days ago"],
    ["-word", "a word is looked for in what devices are known by; - takes a name: -status:accepted"],
  ])("tells what is wrong with %s", (text, told) => {
    expect(search(text).mistakes.map((mistake) => mistake.told)).toEqual([told]);
  });

  it("loses one term and keeps the others as they were", () => {
    const text = 'status:accepted  type:"a b" tag.x:1';
    const second = parse(text).terms[1];
    expect(second && without(text, second)).toBe("status:accepted tag.x:1");
  });
});

describe("a saved view", () => {
  it("is told in the words of the language, and asks for the same", () => {
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 4 }), (terms) => {
        const { filters } = searchFor(parse(printAll(terms)), NOW_MS);
        const text = queryFor(filters);
        expect(text).toBeDefined();
        const again = search(text ?? "");
        expect(again.mistakes).toEqual([]);
        expect(again.filters).toHaveLength(filters.length);
        expect(queryFor(again.filters)).toBe(text);
      }),
    );
  });

  it("is not told where the language has no words", () => {
    expect(queryFor([{ scope: "inventory", attribute: "a", type: "$ltne", value: 1 }])).toBeUndefined();
    expect(queryFor([{ scope: "inventory", attribute: "two words", type: "$eq", value: 1 }])).toBeUndefined();
  });

  it("holds neither words nor ages, nor groups of conditions", () => {
    expect(
      ["status:accepted", "word", "seen>2d", "seen>2030-01-01", "a:1 or b:2"].map((text) =>
        isLasting(parse(text)),
      ),
    ).toEqual([true, false, false, true, false]);
  });
});

it("every word for an attribute is one for that attribute", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("system", "identity", "inventory", "monitor", "tags"),
      fc.string({ minLength: 1, maxLength: 10 }),
      (scope, attribute) => {
        expect(attributeOf(wordFor(scope, attribute))).toMatchObject({ scope, attribute });
      },
    ),
  );
});

it.each([
  ["type:rasp", { name: "type", before: "type:", prefix: "rasp" }],
  ["a:1 -tag.line!=", { name: "tag.line", before: "a:1 -tag.line!=", prefix: "" }],
  ["type:a,b", { name: "type", before: "type:a,", prefix: "b" }],
  ["type", undefined],
  ["seen>2", undefined],
  ['type:"a b', undefined],
  ["type:a ", undefined],
])("the value that is being typed at the end of %s", (text, begun) => {
  expect(begunValue(text)).toEqual(begun);
});
