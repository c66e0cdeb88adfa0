import fc from "fast-check";
import { expect, it } from "vitest";
import {
  bookmarkHeader,
  BOOKMARK_HEADER,
  laterOf,
  readBookmarks,
  Sessions,
} from "../../../src/platform/replicas.ts";

const bookmark = fc.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{8}$/);
const name = fc.constantFrom("DB", "DATA_2", "DATA_EU_1");
const bookmarks = fc.array(fc.tuple(name, bookmark)).map((pairs) => new Map<string, string>(pairs));

it("reads of a header what was written into one, and of any other text nothing that is no bookmark", () => {
  fc.assert(
    fc.property(bookmarks, (some) => {
      expect(readBookmarks(bookmarkHeader(some)[BOOKMARK_HEADER])).toEqual(some);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const [database, one] of readBookmarks(text)) {
        expect(database).toMatch(/^[A-Z][A-Z0-9_]*$/);
        expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f-]+$/);
      }
    }),
  );
});

it("takes the later bookmark of each database", () => {
  fc.assert(
    fc.property(bookmarks, bookmarks, (a, b) => {
      const later = laterOf(a, b);
      expect(new Set(later.keys())).toEqual(new Set([...a.keys(), ...b.keys()]));
      for (const [database, one] of later)
        expect(one).toBe([a.get(database) ?? "", b.get(database) ?? ""].toSorted().at(-1));
    }),
  );
});

it("has one session for each database, and no bookmark before it was asked", async () => {
  const opened: (string | undefined)[] = [];
  const d1 = {
    withSession: (from?: string) => {
      opened.push(from);
      return { getBookmark: () => null };
    },
  } as unknown as D1Database;
  const sessions = new Sessions(new Map([["DB", d1]]), new Map([["DB", "1-2"]]));
  expect(sessions.reached.size).toBe(0);
  await sessions.run(d1, false, async () => []);
  await sessions.run(d1, true, async () => []);
  expect(opened).toEqual(["1-2"]);
  expect(sessions.reached.size).toBe(0);
});

it.each(["first-unconstrained", "first-primary", "zzzz", "0"])(
  "takes no word for a bookmark that is none: %s",
  (word) => {
    expect(readBookmarks(`DB=${word}`).size).toBe(0);
  },
);

it("answers all that is asked at once where the bookmark is refused, and does not tell that one again", async () => {
  const opened: (string | undefined)[] = [];
  const d1 = {
    withSession: (from?: string) => {
      opened.push(from);
      return { from, getBookmark: () => (from === "first-primary" ? "00000002-00000000" : null) };
    },
  } as unknown as D1Database;
  const sessions = new Sessions(new Map([["DB", d1]]), new Map([["DB", "ffffffff-ffffffff"]]));
  const batch = async (way: unknown) => {
    await Promise.resolve();
    if ((way as { from: string }).from !== "first-primary") throw new Error("D1_ERROR: bad bookmark");
    return [];
  };
  const reads = [1, 2, 3].map(() => sessions.run(d1, false, batch));
  expect(await Promise.all(reads)).toEqual([[], [], []]);
  expect(opened).toEqual(["ffffffff-ffffffff", "first-primary"]);
  expect([sessions.given.size, sessions.reached.get("DB")]).toEqual([0, "00000002-00000000"]);
});
