import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { COPIED_TABLES, SECTIONS } from "../../../src/tenantdata/archive-format.ts";
import { AT_START, ArchiveCursor, partsOf } from "../../../src/tenantdata/importing/archive-cursor.ts";
import {
  NOTHING,
  withEntry,
  type Columns,
  type Found,
} from "../../../src/tenantdata/importing/check-archive.ts";
import { ImportFault } from "../../../src/tenantdata/importing/import-fault.ts";
import {
  ARCHIVE_PART_BYTES,
  DESCRIPTION_BYTES,
  LINE_BYTES,
  ROWS_A_PAGE,
} from "../../../src/tenantdata/limits.ts";
import {
  archiveOf,
  entry,
  file,
  header,
  page,
  sums,
  tarOf,
  type Built,
} from "../../support/archive-builder.ts";

vi.setConfig({ testTimeout: 60_000 });

const column = (table: string, name: string, type = "TEXT", notnull = 1, has_default = 0) => ({
  table,
  name,
  type,
  notnull,
  has_default,
});

const COLUMNS: Columns = new Map(
  COPIED_TABLES.map(({ name }) => [
    name,
    [
      column(name, "tenant_id"),
      ...(name === "tenants"
        ? [
            column(name, "status", "TEXT", 1, 1),
            column(name, "addons", "TEXT", 1, 1),
            column(name, "api_limits", "TEXT", 0),
          ]
        : []),
      ...(name === "tenant_limits" ? [column(name, "name")] : []),
      ...(name === "devices"
        ? [
            column(name, "device_id"),
            column(name, "created_ms", "INTEGER"),
            column(name, "note", "TEXT", 0),
            column(name, "tier", "TEXT", 1, 1),
          ]
        : []),
      ...(name === "objects" ? [column(name, "object_key"), column(name, "state")] : []),
      ...(name === "artifacts" ? [column(name, "layout", "TEXT", 0)] : []),
      ...(name === "artifact_generations"
        ? [column(name, "actor"), column(name, "source_key", "TEXT", 0)]
        : []),
    ],
  ]),
);

const tenant = page("tenants", [{ tenant_id: "acme" }]);
const device = (more: object = {}) => ({
  tenant_id: "acme",
  device_id: "d",
  created_ms: 1,
  note: null,
  ...more,
});
const devices = (...rows: object[]) => page("devices", rows.length === 0 ? [device()] : rows);
const KEY = "acme/11111111-1111-4111-8111-111111111111";
const PIECES = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)];
const WHOLE: readonly Built[] = [tenant, devices(), ...file(1, KEY, PIECES)];

/** What is found in an archive, or why it is refused. */
async function check(bytes: Uint8Array): Promise<Found> {
  const read = async (part: number) =>
    bytes.subarray(part * ARCHIVE_PART_BYTES, (part + 1) * ARCHIVE_PART_BYTES);
  const cursor = new ArchiveCursor(read, partsOf(bytes.length), AT_START);
  let found = NOTHING;
  for (let one = await cursor.entry(); one; one = await cursor.entry()) {
    found = withEntry(found, one, COLUMNS);
    cursor.next();
  }
  if (!found.isWhole) throw new ImportFault("the archive breaks off");
  return found;
}

const reasonOf = (bytes: Uint8Array): Promise<string> =>
  check(bytes).then(
    () => "taken",
    (cause: unknown) =>
      cause instanceof ImportFault ? cause.message : `not an import's fault: ${String(cause)}`,
  );

describe("the check of an archive", () => {
  it("finds the tenant, its lines and files in a whole one", async () => {
    const found = await check(archiveOf(WHOLE));
    expect(found).toMatchObject({ lines: 2, files: 1, tenant: { tenant_id: "acme" }, isWhole: true });
    expect(found.done.map(({ name }) => name)).toEqual(["tenants", "devices", "files"]);
  });

  it("takes rows of an older table, whose newer columns have defaults", async () => {
    expect(await reasonOf(archiveOf([tenant, devices(device()), ...file(1, KEY, PIECES)]))).toBe("taken");
  });

  it.each<[string, Uint8Array, string | RegExp]>([
    ["nothing", new Uint8Array(0), "the archive breaks off"],
    ["no tar", new Uint8Array(2048).fill(65), "this is no entry of an archive"],
    ["another tar", tarOf([entry("hello.txt", "hello")]), "this is no archive of a tenant"],
    ["another format", archiveOf(WHOLE, header({ format: "other" })), "this is no archive of a tenant"],
    [
      "another version",
      archiveOf(WHOLE, header({ version: 2 })),
      "the archive is of version 2; 1 is known here",
    ],
    [
      "a tenant that cannot be",
      archiveOf(WHOLE, header({ tenant: "../etc" })),
      "this is no archive of a tenant",
    ],
    ["no tenant", archiveOf([devices()]), "the archive has no tenant"],
    [
      "two tenants",
      archiveOf([page("tenants", [{ tenant_id: "acme" }, { tenant_id: "acme" }])]),
      /has not one tenant/,
    ],
    ["no checksums", tarOf([header(), ...WHOLE]), "the archive breaks off"],
    [
      "a row less",
      tarOf([header(), tenant, sums([tenant, devices()])]),
      '"devices" is not what was written: its checksum differs',
    ],
    [
      "a table more",
      tarOf([header(), tenant, devices(), sums([tenant])]),
      '"devices" is not what was written: its checksum differs',
    ],
    [
      "tables out of order",
      archiveOf([tenant, devices(), page("users", [{ tenant_id: "acme" }])]),
      /is none of an archive, or not in its place/,
    ],
    [
      "pages out of order",
      archiveOf([tenant, page("devices", [device()], 2)]),
      'entry "devices/000002.ndjson" is not in its place',
    ],
    ["a table nobody knows", archiveOf([tenant, page("secrets", [{}])]), /is none of an archive/],
    [
      "a path out of the archive",
      archiveOf([tenant, page("../devices", [device()])]),
      /is none of an archive/,
    ],
    ["a folder", tarOf([header(), ...WHOLE, sums(WHOLE)], "5"), /is no plain file/],
    ["a link", tarOf([header(), ...WHOLE, sums(WHOLE)], "2"), /is no plain file/],
    [
      "a long name by an extended header",
      tarOf([entry("x", "10020 path=".padEnd(10_020, "a"))], "x"),
      /is no plain file/,
    ],
    [
      "something after the checksums",
      tarOf([header(), ...WHOLE, sums(WHOLE), devices()]),
      /is not in its place/,
    ],
    [
      "a row of another tenant",
      archiveOf([tenant, devices(device({ tenant_id: "other" }))]),
      /a row is of another tenant/,
    ],
    [
      "a column nobody knows",
      archiveOf([tenant, devices(device({ "a\0b": 1 }))]),
      'devices/000001.ndjson: there is no column "a\\u0000b"',
    ],
    [
      "a column less",
      archiveOf([tenant, devices({ tenant_id: "acme", device_id: "d" })]),
      /the column created_ms is missing/,
    ],
    [
      "a text for a number",
      archiveOf([tenant, devices(device({ created_ms: "1" }))]),
      /the value of created_ms is no INTEGER/,
    ],
    [
      "a number for a text",
      archiveOf([tenant, devices(device({ device_id: 1 }))]),
      /the value of device_id is no TEXT/,
    ],
    [
      "a list for a text",
      archiveOf([tenant, devices(device({ device_id: ["d"] }))]),
      /the value of device_id is no TEXT/,
    ],
    ["a fraction", archiveOf([tenant, devices(device({ created_ms: 1.5 }))]), /is no INTEGER/],
    [
      "nothing where something must be",
      archiveOf([tenant, devices(device({ device_id: null }))]),
      /is no TEXT/,
    ],
    [
      "rows with different columns",
      archiveOf([tenant, devices(device(), device({ tier: "x" }))]),
      /have not the same columns/,
    ],
    [
      "a line that is no JSON",
      archiveOf([tenant, entry("devices/000001.ndjson", "{\n", 1)]),
      /something else than JSON objects/,
    ],
    [
      "a line that does not end",
      archiveOf([tenant, entry("devices/000001.ndjson", "{}", 1)]),
      /does not end with a line/,
    ],
    [
      "bytes that are no text",
      archiveOf([tenant, entry("devices/000001.ndjson", Uint8Array.of(0xff, 10), 1)]),
      /it is no text/,
    ],
    [
      "a file of another tenant",
      archiveOf([tenant, ...file(1, "other/x", PIECES)]),
      'the file "other/x" is not the tenant\'s',
    ],
    ["a file elsewhere", archiveOf([tenant, ...file(1, "acme/../other/x", PIECES)]), /is not the tenant's/],
    [
      "a file with NUL in its name",
      archiveOf([tenant, ...file(1, "acme/a\0b", PIECES)]),
      /is not the tenant's/,
    ],
    [
      "a file with a name of 10,000 characters",
      archiveOf([tenant, ...file(1, `acme/${"a".repeat(10_000)}`, PIECES)]),
      /is not the tenant's/,
    ],
    ["a file too short", archiveOf([tenant, ...file(1, KEY, PIECES, { size: 5 })]), /is not complete/],
    ["a file too long", archiveOf([tenant, ...file(1, KEY, PIECES, { size: 3 })]), /has not its size/],
    [
      "a file of endless pieces",
      archiveOf([tenant, ...file(1, KEY, [new Uint8Array(0)], { size: 3 })]),
      /has not its size/,
    ],
    [
      "an object that is not stored",
      archiveOf([tenant, page("objects", [{ tenant_id: "acme", object_key: KEY, state: "doomed" }])]),
      /a row is one that no archive has/,
    ],
    [
      "an object of another tenant",
      archiveOf([tenant, page("objects", [{ tenant_id: "acme", object_key: "other/x", state: "stored" }])]),
      /names a file that is not the tenant's/,
    ],
    [
      "an artifact made of another tenant's",
      archiveOf([tenant, page("artifacts", [{ tenant_id: "acme", layout: '[["other/x",0,1]]' }])]),
      /names a file that is not the tenant's/,
    ],
    [
      "an artifact made of nonsense",
      archiveOf([tenant, page("artifacts", [{ tenant_id: "acme", layout: "x" }])]),
      /names a file that is not the tenant's/,
    ],
    [
      "somebody who acts elsewhere",
      archiveOf([
        tenant,
        page("artifact_generations", [{ tenant_id: "acme", actor: '{"tenant":"other"}', source_key: null }]),
      ]),
      /a row acts for another tenant/,
    ],
    [
      "a contact that is none",
      archiveOf([tenant, page("contacts", [{ device: 1, at_ms: 1 }])]),
      /a line of contacts is none/,
    ],
  ])("refuses %s", async (_, bytes, reason) => {
    const found = await reasonOf(bytes);
    if (typeof reason === "string") expect(found).toBe(reason);
    else expect(found).toMatch(reason);
  });

  it("takes a tenant that others can be listed with, and no other", async () => {
    const reasonFor = (more: object) =>
      reasonOf(archiveOf([page("tenants", [{ tenant_id: "acme", ...more }])]));
    const limits = { bursts: [], quota: { max_calls: 1, interval_sec: 1 } };
    for (const more of [
      { status: "suspended" },
      { addons: '["monitor"]' },
      { api_limits: null },
      { api_limits: JSON.stringify({ management: limits, devices: limits }) },
    ])
      expect([more, await reasonFor(more)]).toEqual([more, "taken"]);
    for (const more of [{ status: "odd" }, { addons: "{" }, { addons: "[1]" }, { api_limits: "{}" }])
      expect([more, await reasonFor(more)]).toEqual([more, "the tenant of the archive is none"]);
    expect(
      await reasonOf(archiveOf([tenant, page("tenant_limits", [{ tenant_id: "acme", name: "x" }])])),
    ).toBe("a limit of the tenant is none");
  });

  it("takes so many lines a page, of so many bytes, and no more [limit: ROWS_A_PAGE] [limit: LINE_BYTES]", async () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => device({ device_id: `d${i}` }));
    expect(await reasonOf(archiveOf([tenant, devices(...rows(ROWS_A_PAGE))]))).toBe("taken");
    expect(await reasonOf(archiveOf([tenant, devices(...rows(ROWS_A_PAGE + 1))]))).toMatch(
      /more than 500 lines/,
    );
    const line = (bytes: number) =>
      entry("contacts/000001.ndjson", `{"device":"d","at_ms":1}`.padEnd(bytes) + "\n", 1);
    expect(await reasonOf(archiveOf([tenant, line(LINE_BYTES)]))).toBe("taken");
    expect(await reasonOf(archiveOf([tenant, line(LINE_BYTES + 1)]))).toMatch(/a line is too long/);
  });

  it("takes descriptions of so many bytes [limit: DESCRIPTION_BYTES]", async () => {
    const described = (bytes: number) => {
      const text = JSON.stringify({ key: KEY, size: 0, custom: { a: "" } });
      return entry("files/00000001.json", text.padEnd(bytes), 1);
    };
    expect(await reasonOf(archiveOf([tenant, described(DESCRIPTION_BYTES)]))).toBe("taken");
    expect(await reasonOf(archiveOf([tenant, described(DESCRIPTION_BYTES + 1)]))).toMatch(/it is too long/);
  });

  it("refuses rows that no row of the database can be as large as", async () => {
    expect(await reasonOf(archiveOf([tenant, devices(device({ note: "a".repeat(2_000_001) }))]))).toMatch(
      /a row is too large/,
    );
  });

  it("never ends otherwise than with what is found or a reason, whatever the bytes", async () => {
    const good = archiveOf(WHOLE);
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(changes, fc.option(fc.nat(good.length)), async (changed, cut) => {
        const bytes = good.slice(0, cut ?? good.length);
        for (const [at, byte] of changed) if (at < bytes.length) bytes[at] = byte;
        expect(await reasonOf(bytes)).not.toMatch(/not an import's fault/);
      }),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        expect(await reasonOf(bytes)).not.toMatch(/taken|not an import's fault/);
      }),
      { numRuns: 100 },
    );
  });

  it("takes no archive of which an entry was changed, left out, doubled or moved", async () => {
    const many = [tenant, devices(), page("jobs", [{ tenant_id: "acme" }]), ...file(1, KEY, PIECES)];
    const whole = [header(), ...many, sums(many)];
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(whole.length - 1),
        fc.constantFrom("drop", "double", "swap"),
        async (a, b, how) => {
          const entries = [...whole];
          const one = entries[a]!;
          if (how === "drop") entries.splice(a, 1);
          else if (how === "double") entries.splice(b, 0, one);
          else [entries[a], entries[b]] = [entries[b]!, one];
          fc.pre(how !== "swap" || a !== b);
          expect(await reasonOf(tarOf(entries))).not.toBe("taken");
        },
      ),
      { numRuns: 200 },
    );
  });

  it("takes rows of every shape that the columns have", async () => {
    const row = fc.record({
      tenant_id: fc.constant("acme"),
      device_id: fc.string({ unit: "binary" }),
      created_ms: fc.maxSafeInteger(),
      note: fc.option(fc.string({ unit: "binary" })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        const found = await check(archiveOf([tenant, devices(...rows)]));
        expect(found.lines).toBe(rows.length + 1);
      }),
      { numRuns: 100 },
    );
    expect(SECTIONS).toContain("devices");
  });
});
