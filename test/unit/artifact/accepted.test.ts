import { describe, expect, it } from "vitest";
import {
  artifact,
  bytes,
  type Entry,
  FILES,
  HEADER_INFO,
  manifestLine,
  type Parts,
  read,
  tar,
  tarEntry,
  TYPE_INFO,
  verdict,
} from "../../support/artifact-samples.ts";

const headerInfo: Entry = { name: "header-info", content: JSON.stringify(HEADER_INFO) };
const typeInfo: Entry = { name: "headers/0000/type-info", content: JSON.stringify(TYPE_INFO) };
const rootfs = { ...HEADER_INFO, payloads: [{ type: "rootfs-image" }] };
const image = [{ name: "rootfs.ext4", content: "image" }];

describe("accepted although odd", () => {
  it.each<[string, Parts]>([
    ["a packed header with plain data", { dataPacking: "none" }],
    ["a plain header with packed data", { headerPacking: "none" }],
    ["zstd all over", { headerPacking: "zstd", dataPacking: "zstd" }],
    ["another type in type-info", { typeInfo: { ...TYPE_INFO, type: "other" } }],
    ["no type in type-info", { typeInfo: { ...TYPE_INFO, type: null } }],
    ["the empty type of old tools", { headerInfo: rootfs, typeInfo: { type: "" }, files: image }],
    ["unknown keys in type-info", { typeInfo: { ...TYPE_INFO, other: [1] } }],
    ["unknown scripts", { scripts: [{ name: "scripts/whatever", content: "#!/bin/sh\n" }] }],
    [
      "a script above the limit of what is read",
      { scripts: [{ name: "scripts/a", content: "x".repeat(2_000_000) }] },
    ],
    ["empty meta-data", { metaData: "" }],
    ["a root file system without meta-data", { headerInfo: rootfs, files: image }],
    ["a signature that is empty", { signature: "" }],
    ["a signature that is garbage", { signature: "\u0000garbage" }],
    ["type-info that says nothing", { typeInfo: "null" }],
    [
      "directories in the header",
      {
        headerEntries: [headerInfo, { name: "headers/", typeFlag: "5" }, { name: "headers/0000/" }, typeInfo],
      },
    ],
    [
      "hostile names in the header",
      { headerEntries: [headerInfo, { ...typeInfo, name: "../0000/../../type-info" }] },
    ],
    ["no data for a payload without files", { files: [], outer: (entries) => entries.slice(0, -1) }],
    [
      "a payload file twice",
      {
        outer: (all) =>
          all.map((entry) =>
            entry.name.startsWith("data") ? { ...entry, content: tar([...FILES, FILES[0]!]) } : entry,
          ),
        dataPacking: "none",
      },
    ],
  ])("%s", async (_, parts) => {
    expect(await verdict(artifact(parts))).toBe("accepted");
  });

  it("a signature of any content makes the artifact a signed one", async () => {
    const result = await read(artifact({ signature: "" }));
    expect(result).toMatchObject({ ok: true, artifact: { signed: true, signature: "" } });
  });

  it("two payloads, each with its own files", async () => {
    const type = (name: string) =>
      JSON.stringify({
        type: name,
        artifact_provides: { [`${name}.version`]: "1" },
        clears_artifact_provides: [`${name}.*`],
      });
    const result = await read(
      artifact({
        headerEntries: [
          {
            name: "header-info",
            content: JSON.stringify({ ...HEADER_INFO, payloads: [{ type: "a" }, { type: "b" }] }),
          },
          { name: "headers/0000/type-info", content: type("a") },
          { name: "headers/0001/type-info", content: type("b") },
        ],
        payloads: [[{ name: "same", content: "1" }], [{ name: "same", content: "22" }]],
      }),
    );
    expect(result).toMatchObject({
      ok: true,
      artifact: {
        provides: { artifact_name: "file-1", "a.version": "1", "b.version": "1" },
        clearsProvides: ["a.*", "b.*"],
        updates: [
          { type: "a", files: [{ name: "same", size: 1 }] },
          { type: "b", files: [{ name: "same", size: 2 }] },
        ],
      },
    });
  });

  it("a key that objects have by nature is a key like any other", async () => {
    const text = '{"type":"x","artifact_provides":{"__proto__":"a","constructor":"b"}}';
    const result = await read(artifact({ typeInfo: text }));
    expect(result.ok && Object.entries(result.artifact.provides ?? {})).toEqual([
      ["artifact_name", "file-1"],
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });
});

describe("tar dialects of the outer archive", () => {
  const plain = { headerPacking: "none", dataPacking: "none" } as const;
  const record = (text: string): string => {
    const length = text.length + 2;
    return `${length + String(length + 2).length} ${text}\n`;
  };

  it("PAX records and GNU long names", async () => {
    const outer = (entries: Entry[]) =>
      entries.flatMap((entry, index): Entry[] =>
        index % 2 === 0
          ? [
              { name: "pax", typeFlag: "x", content: record(`path=${entry.name}`) },
              { ...entry, name: "other" },
            ]
          : [
              { name: "././@LongLink", typeFlag: "L", content: `${entry.name}\0` },
              { ...entry, name: "other" },
            ],
      );
    expect(await verdict(artifact({ ...plain, outer }))).toBe("accepted");
  });

  it("dates in fractions of a second and out of this world", async () => {
    const dated = (value: string): Entry[] => [
      { name: "pax", typeFlag: "x", content: record(`mtime=${value}`) },
      FILES[0]!,
    ];
    const dateOf = async (value: string) => {
      const outer = (all: Entry[]) =>
        all.map((entry) =>
          entry.name.startsWith("data") ? { ...entry, content: tar(dated(value)) } : entry,
        );
      const result = await read(artifact({ ...plain, files: [FILES[0]!], outer }));
      return result.ok ? result.artifact.updates[0]?.files?.[0]?.date : result.fault.message;
    };
    expect(await dateOf("1715000000")).toBe("2024-05-06T12:53:20Z");
    expect(await dateOf("1715000000.5")).toBe("2024-05-06T12:53:20.500Z");
    expect(await dateOf("-1")).toBe("1970-01-01T00:00:00Z");
    expect(await dateOf("999999999999999")).toBe("1970-01-01T00:00:00Z");
  });
});

describe("augmented artifacts", () => {
  const augmentInfo = (type: string): Entry => ({
    name: "header-info",
    content: JSON.stringify({ payloads: [{ type }], artifact_provides: null, artifact_depends: null }),
  });
  const added: Entry[] = [{ name: "delta", content: "delta" }];
  const augment = (override: object, type = "single-file-aug", ...rest: Entry[]) => ({
    headerEntries: [
      augmentInfo(type),
      { name: "headers/0000/type-info", content: JSON.stringify({ type, ...override }) },
      ...rest,
    ],
    files: added,
  });

  it("override type, provides and depends key by key, and what is cleared as a whole", async () => {
    const result = await read(
      artifact({
        typeInfo: { ...TYPE_INFO, artifact_provides: { a: "1", b: "1" }, artifact_depends: { c: "1" } },
        augment: augment({
          artifact_provides: { b: "2" },
          artifact_depends: { c: ["2"] },
          clears_artifact_provides: ["x"],
        }),
      }),
    );
    expect(result).toMatchObject({
      ok: true,
      artifact: {
        provides: { artifact_name: "file-1", a: "1", b: "2" },
        depends: { c: ["2"] },
        clearsProvides: ["x"],
        updates: [{ type: "single-file-aug", files: FILES.map(({ name }) => ({ name })) }],
      },
    });
  });

  it("override nothing with an empty type", async () => {
    const result = await read(artifact({ augment: augment({ artifact_provides: { a: "2" } }, "") }));
    expect(result.ok && result.artifact.updates[0]?.type).toBe("single-file");
    expect(result.ok && result.artifact.provides).not.toHaveProperty("a");
  });

  it("merge meta-data and refuse what cannot be merged", async () => {
    const metaData = (content: object): Entry => ({
      name: "headers/0000/meta-data",
      content: JSON.stringify(content),
    });
    const merged = async (original: object, override: object) => {
      const result = await read(
        artifact({ metaData: JSON.stringify(original), augment: augment({}, "t", metaData(override)) }),
      );
      return result.ok ? result.artifact.updates[0]?.metaData : result.fault.message;
    };
    expect(await merged({ a: 1, o: { x: 1, y: 1 }, l: [1] }, { b: 2, o: { y: 2 }, l: [2] })).toEqual({
      a: 1,
      b: 2,
      o: { x: 1, y: 2 },
      l: [2],
    });
    expect(await merged({ a: {} }, { a: 1 })).toBe(
      "reading artifact error: a: Type conflict: object/non-object",
    );
    expect(await merged({ a: 1 }, { a: [] })).toBe("reading artifact error: a: Type conflict: list/non-list");
  });

  it("may be packed with zstd, header included [differs: zstd-augmented]", async () => {
    expect(await verdict(artifact({ headerPacking: "zstd", augment: augment({}) }))).toBe("accepted");
  });

  it("need the augmented header, packed like the other", async () => {
    const cut = (entries: Entry[]) => entries.filter(({ name }) => !name.startsWith("header-augment"));
    expect(await verdict(artifact({ augment: augment({}), outer: cut }))).toBe(
      "reading artifact error: Invalid structure: [manifest manifest-augment header.tar.gz data/0000.tar.gz], wrong element: data/0000.tar.gz",
    );
    const renamed = (entries: Entry[]) =>
      entries.map((entry) =>
        entry.name.startsWith("header-augment") ? { ...entry, name: "header-augment.tar" } : entry,
      );
    expect(await verdict(artifact({ augment: augment({}), outer: renamed }))).toBe(
      "reading artifact error: Invalid structure: [manifest manifest-augment header.tar.gz header-augment.tar], wrong element: header-augment.tar",
    );
  });

  it("refuse the added files where no manifest lists them", async () => {
    const parts: Parts = {
      dataPacking: "none",
      outer: (all) =>
        all.map((entry) =>
          entry.name.startsWith("data") ? { ...entry, content: tar([...FILES, ...added]) } : entry,
        ),
    };
    expect(await verdict(artifact(parts))).toBe(
      "reading artifact error: Payload: can not find data file: delta",
    );
  });
});

describe("version 2", () => {
  const info = {
    artifact_name: "v2-1",
    updates: [{ type: "rootfs-image" }],
    device_types_compatible: ["dt1"],
  };
  const v2 = (change: object = {}, ...rest: Entry[]): Parts => ({
    version: '{"format":"mender","version":2}',
    headerEntries: [
      { name: "header-info", content: JSON.stringify({ ...info, ...change }) },
      { name: "scripts/ArtifactInstall_Enter_00", content: "" },
      { name: "headers/0000/files", content: '{"files":["rootfs.ext4"]}' },
      { name: "headers/0000/type-info", content: '{"type":"rootfs-image"}' },
      ...rest,
      { name: "headers/0000/meta-data" },
    ],
    files: image,
  });

  it("has a name and device types, and no more", async () => {
    expect(await read(artifact(v2()))).toMatchObject({
      ok: true,
      artifact: {
        version: 2,
        name: "v2-1",
        deviceTypes: ["dt1"],
        provides: null,
        depends: null,
        clearsProvides: null,
      },
    });
  });

  it("may carry signatures and checksums of its files", async () => {
    const old = [
      { name: "headers/0000/signatures/rootfs.sig" },
      { name: "headers/0000/checksums/rootfs.sha256sum" },
    ];
    expect(await verdict(artifact(v2({}, ...old)))).toBe("accepted");
  });

  it.each([
    [
      { updates: [] },
      "readHeaderV3: handleHeaderReads: readHeader: Artifact validation failed with missing argument: No Payloads added",
    ],
    [
      { artifact_name: "" },
      "readHeaderV3: handleHeaderReads: readHeader: Artifact validation failed with missing argument: No artifact name",
    ],
    [
      { updates: [{}] },
      "readHeaderV3: handleHeaderReads: readHeader: Artifact validation failed with missing argument: Empty Payload",
    ],
    [{ device_types_compatible: [] }, "ArtifactDepends: Required field 'CompatibleDevices' not found"],
    [{ artifact_name: "a\n" }, "invalid artifact name: string contains invalid characters"],
    [
      { device_types_compatible: ["a\n"] },
      "compatible devices at index 0 invalid: string contains invalid characters",
    ],
  ])("%j is refused", async (change, text) => {
    expect(await verdict(artifact(v2(change)))).toBe(`reading artifact error: ${text}`);
  });

  it("lists its files in version 2 only", async () => {
    const parts: Parts = {
      headerInfo: rootfs,
      scripts: [{ name: "headers/0000/files", content: '{"files":["rootfs.ext4"]}' }],
      files: image,
    };
    expect(await verdict(artifact(parts))).toBe(
      'reading artifact error: "files" entry found in version 3 artifact',
    );
  });

  it("knows nothing of augmented headers", async () => {
    const outer = (entries: Entry[]) => entries.toSpliced(2, 0, { name: "manifest-augment" });
    expect(await verdict(artifact({ ...v2(), outer }))).toBe(
      "reading artifact error: Invalid structure: [manifest manifest-augment], wrong element: manifest-augment",
    );
  });
});

it("does not look at what stands behind the end of the inner archives", async () => {
  const noise = bytes("noise behind the end".repeat(100));
  const header = Buffer.concat([tar([headerInfo, typeInfo]), noise]);
  const data = Buffer.concat([...FILES.map(tarEntry), new Uint8Array(1024), noise]);
  const parts: Parts = {
    headerPacking: "none",
    dataPacking: "none",
    manifest: (lines) =>
      lines.map((line) => (line.includes("header.tar") ? manifestLine("header.tar", header) : line)),
    outer: (all) =>
      all.map((entry) =>
        entry.name === "header.tar"
          ? { ...entry, content: header }
          : entry.name === "data/0000.tar"
            ? { ...entry, content: data }
            : entry,
      ),
  };
  expect(await verdict(artifact(parts))).toBe("accepted");
});
