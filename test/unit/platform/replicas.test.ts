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
        expect(one).toMatch(/^[0-9a-zA-Z-]+$/);
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
