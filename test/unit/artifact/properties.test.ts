import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { readArtifact, type ReadResult } from "../../../src/artifact/read.ts";
import type { ArtifactSpec } from "../../../src/artifact/spec.ts";
import { writeArtifact } from "../../../src/artifact/write.ts";
import { artifact, chunked, FILES, read, sha256, TYPE_INFO } from "../../support/artifact-samples.ts";

// Hundreds of runs each, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const word = fc.string({
  unit: fc.constantFrom(..."abcXYZ019_-.é €".split("")),
  minLength: 1,
  maxLength: 20,
});
const fileName = fc
  .string({ unit: fc.constantFrom(..."abcXYZ019_-.,".split("")), minLength: 1, maxLength: 90 })
  .filter((name) => name !== "." && name !== ".."); // names of folders
const words = (key: fc.Arbitrary<string>) => fc.dictionary(key, word, { maxKeys: 4 });
const ownKey = word.map((key) => `own.${key}`);

const spec: fc.Arbitrary<ArtifactSpec> = fc.record({
  name: word,
  deviceTypes: fc.array(word, { minLength: 1, maxLength: 5 }),
  payloadType: word.map((type) => `type-${type}`),
  files: fc.uniqueArray(fc.record({ name: fileName, content: fc.uint8Array({ maxLength: 2000 }) }), {
    maxLength: 5,
    selector: ({ name }) => name,
  }),
  provides: words(ownKey),
  depends: fc.dictionary(ownKey, fc.oneof(word, fc.array(word, { maxLength: 3 })), { maxKeys: 3 }),
  clearsProvides: fc.array(word, { maxLength: 3 }),
  metaData: fc.dictionary(word, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
  compression: fc.constantFrom("none", "gzip"),
});

const cuts = fc
  .oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 }))
  .chain((largest) => fc.array(fc.integer({ min: 0, max: largest }), { minLength: 1, maxLength: 8 }))
  .map((sizes) => [...sizes, 1 + Math.max(...sizes)]);

describe("writer and reader", () => {
  it("agree on everything, however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(spec, cuts, async (written, sizes) => {
        const { size, chunks } = await writeArtifact(written);
        const content = Buffer.concat(await Array.fromAsync(chunks()));
        const result = await readArtifact(chunked(content, sizes), { expectedSize: size });
        const metaData = JSON.parse(JSON.stringify(written.metaData)) as object;
        const isEmpty = (part: object | undefined) => Object.keys(part ?? {}).length === 0;
        expect(result).toMatchObject({
          ok: true,
          artifact: {
            name: written.name,
            deviceTypes: written.deviceTypes,
            provides: { artifact_name: written.name, ...written.provides },
            depends: { device_type: written.deviceTypes, ...written.depends },
            clearsProvides: isEmpty(written.clearsProvides) ? null : written.clearsProvides,
            size: content.length,
            updates: [
              {
                type: written.payloadType,
                metaData: isEmpty(metaData) ? null : metaData,
                files: isEmpty(written.files)
                  ? null
                  : written.files?.map((file) => ({
                      name: file.name,
                      checksum: "content" in file ? sha256(file.content) : file.sha256,
                    })),
              },
            ],
          },
        });
      }),
      { numRuns: 150 },
    );
  });
});

/** Kinds of damage, each a step from one file to another. */
type Damage = { kind: "flip" | "cut" | "swap" | "repeat" | "drop"; at: number; to: number };

const BLOCK = 512;

function damaged(content: Buffer, { kind, at, to }: Damage): Buffer {
  const blocks = Math.max(1, Math.floor(content.length / BLOCK));
  const [one, two] = [at % blocks, to % blocks].map((index) => index * BLOCK) as [number, number];
  const copy = Buffer.from(content);
  const block = (start: number) => content.subarray(start, start + BLOCK);
  switch (kind) {
    case "flip":
      if (copy.length > 0) copy[at % copy.length]! ^= 1 << (to % 8);
      return copy;
    case "cut":
      return copy.subarray(0, at % (copy.length + 1));
    case "swap":
      copy.set(block(two), one);
      copy.set(block(one), Math.min(two, copy.length - block(one).length));
      return copy;
    case "repeat":
      return Buffer.concat([content.subarray(0, one), block(two), content.subarray(one)]);
    case "drop":
      return Buffer.concat([content.subarray(0, one), content.subarray(one + BLOCK)]);
  }
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom("flip", "cut", "swap", "repeat", "drop"),
  at: fc.nat(100_000),
  to: fc.nat(100_000),
});

const AUGMENT = {
  headerEntries: [
    { name: "header-info", content: '{"payloads":[{"type":"aug"}]}' },
    { name: "headers/0000/type-info", content: '{"type":"aug"}' },
  ],
  files: [{ name: "added", content: "added" }],
};

const STARTS: [string, Buffer][] = [
  ["plain", artifact({ headerPacking: "none", dataPacking: "none", metaData: '{"a":{"b":[1]}}' })],
  ["gzip", artifact({ signature: "c2lnbmF0dXJl" })],
  ["zstd", artifact({ headerPacking: "zstd", dataPacking: "zstd" })],
  ["augmented", artifact({ headerPacking: "none", augment: AUGMENT })],
];

describe.each(STARTS)("any damage to a %s artifact", (_, content) => {
  it("is a result, never an error, and the same for every cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), cuts, async (steps, sizes) => {
        const hostile = steps.reduce(damaged, content);
        const result = await read(hostile);
        expect(await readArtifact(chunked(hostile, sizes))).toEqual(result);
        if (result.ok) expectTrue(result);
        else expect(result.fault.message.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

/** Damage that is accepted has not touched what was told. */
function expectTrue(result: ReadResult & { ok: true }): void {
  for (const file of result.artifact.updates[0]?.files ?? []) {
    const original = FILES.find(({ name }) => name === file.name);
    expect(file.checksum).toBe(sha256(original?.content ?? ""));
  }
}

it("any bytes are a result", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (content) => {
      expect((await read(content)).ok).toBe(false);
    }),
  );
});

it("any JSON in the places of JSON is a result", async () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const part = <T extends object>(original: T) =>
    fc.record(Object.fromEntries(Object.keys(original).map((key) => [key, json])), { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(json, part({ payloads: 1, artifact_provides: 1, artifact_depends: 1 })),
      fc.oneof(json, part({ ...TYPE_INFO, artifact_depends: 1 })),
      json,
      async (headerInfo, typeInfo, metaData) => {
        for (const parts of [{ headerInfo }, { typeInfo }, { metaData: JSON.stringify(metaData) }]) {
          expect(await read(artifact(parts))).toHaveProperty("ok");
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** Gives every chunk in a buffer that it takes away when it is asked for the next one. */
async function* lent(content: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunked(content, sizes)) {
    const own = new Uint8Array(chunk);
    yield own;
    structuredClone(own.buffer, { transfer: [own.buffer] });
  }
}

describe("the source", () => {
  it.each(STARTS)("may take its chunks of a %s artifact back", async (_, content) => {
    await fc.assert(
      fc.asyncProperty(cuts, async (sizes) => {
        expect(await readArtifact(lent(content, sizes))).toEqual(await read(content));
      }),
      { numRuns: 20 },
    );
  });

  it("is never asked for more than one chunk behind the limit, and always closed", async () => {
    const content = artifact({ headerPacking: "none", dataPacking: "none" });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 900 }),
        async (maxBytes, size) => {
          let given = 0;
          let isClosed = false;
          async function* counted() {
            try {
              for await (const chunk of chunked(content, [size])) {
                given += chunk.length;
                yield chunk;
              }
            } finally {
              isClosed = true;
            }
          }
          const result = await readArtifact(counted(), { maxBytes });
          expect(result.ok).toBe(maxBytes >= content.length);
          expect(given).toBeLessThanOrEqual(maxBytes + size);
          expect(isClosed).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
