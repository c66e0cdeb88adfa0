import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Image } from "../../../src/tenantdata/journal/lines.ts";
import { SUBJECT_BY_NAME } from "../../../src/tenantdata/journal/subjects.ts";
import { differencesOf, isDifferent } from "../../../src/tenantdata/restoring/differences.ts";
import { PUT_ORDER, REMOVE_ORDER } from "../../../src/tenantdata/restoring/subjects.ts";
import type { CopiedRow } from "../../../src/tenantdata/rows-store.ts";

const release = SUBJECT_BY_NAME.get("release")!;
const COLUMNS = new Map([
  ["releases", ["tenant_id", "name", "notes"]],
  ["release_tags", ["tenant_id", "tag", "name"]],
]);

const NAMES = ["a", "b", "c"];

/** What releases and their tags are, by name. */
const world = fc.dictionary(
  fc.constantFrom(...NAMES),
  fc.record({ notes: fc.string({ maxLength: 3 }), tags: fc.uniqueArray(fc.constantFrom("x", "y", "z")) }),
);

type World = Record<string, { notes: string; tags: string[] }>;

const rowOf = (name: string, notes: string): CopiedRow => ({ tenant_id: "t", name, notes });
const tagOf = (name: string, tag: string): CopiedRow => ({ tenant_id: "t", tag, name });

const imagesOf = (of: World): Image[] =>
  Object.entries(of).map(([name, { notes, tags }]) => ({
    subject: "release",
    key: [name],
    rows: { releases: [rowOf(name, notes)], release_tags: tags.map((tag) => tagOf(name, tag)) },
  }));

const liveOf = (of: World, names: readonly string[]): Map<string, CopiedRow[]> => {
  const images = imagesOf(of).filter(({ key: [name] }) => names.includes(String(name)));
  const rows = (table: string) => images.flatMap((image) => [...(image.rows[table] ?? [])]);
  return new Map(release.tables.map(({ name }) => [name, rows(name)]));
};

const textsOf = (rows: readonly CopiedRow[]) => rows.map((row) => JSON.stringify(row)).toSorted();

describe("what differs from what was", () => {
  it("makes of what is what was, and nothing else", () => {
    fc.assert(
      fc.property(world, world, (was: World, is: World) => {
        const images = imagesOf(was);
        const live = liveOf(is, Object.keys(was));
        for (const { table, added, changed, removed } of differencesOf(release, images, live, COLUMNS)) {
          const gone = new Set([...removed, ...changed.map(({ from }) => from)]);
          const stays = (live.get(table) ?? []).filter((row) => !gone.has(row));
          const then = images.flatMap((image) => [...(image.rows[table] ?? [])]);
          const made = [...stays, ...added, ...changed.map(({ to }) => to)];
          expect(textsOf(made)).toEqual(textsOf(then));
        }
      }),
    );
  });

  it("is nothing where nothing is another", () => {
    fc.assert(
      fc.property(world, (was: World) => {
        const live = liveOf(was, NAMES);
        expect(differencesOf(release, imagesOf(was), live, COLUMNS).some(isDifferent)).toBe(false);
      }),
    );
  });

  it("leaves out columns that the table does not have, and those that an older row lacks", () => {
    const was = { ...rowOf("a", "n"), gone: 1 };
    const image = { subject: "release", key: ["a"], rows: { releases: [was] } };
    const live = new Map([["releases", [{ ...rowOf("a", "n"), newer: 5 }]]]);
    const columns = new Map([["releases", ["tenant_id", "name", "notes", "newer"]]]);
    expect(differencesOf(release, [image], live, columns).some(isDifferent)).toBe(false);
    const [added] = differencesOf(release, [image], new Map(), columns);
    expect(added?.added).toEqual([rowOf("a", "n")]);
  });
});

describe("the order of a restore", () => {
  it("puts everything back, gives work before it changes devices, and removes the other way round", () => {
    const names = PUT_ORDER.map(({ name }) => name);
    expect(names.toSorted()).toEqual([...SUBJECT_BY_NAME.keys()].toSorted());
    expect(names.indexOf("deployment")).toBeLessThan(names.indexOf("device"));
    expect(names.indexOf("artifact")).toBeLessThan(names.indexOf("deployment"));
    const staying = new Set(["artifact", "release", "update-type"]);
    expect(REMOVE_ORDER.map(({ name }) => name)).toEqual(
      names.filter((name) => !staying.has(name)).toReversed(),
    );
  });
});
