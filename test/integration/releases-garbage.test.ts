import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { artifact, tar, VERSION } from "../support/artifact-samples.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { ARTIFACTS, bucketObjects, NO_ROWS, storageRows } from "../support/artifacts.ts";
import { Server, type Answer } from "../support/server.ts";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const BOUNDARY = "b0undary";

/** A form as a client writes it, with the file last. */
const framed = (file: Uint8Array, fields: readonly (readonly [string, string])[] = []): Buffer => {
  const head = (name: string, more = "") =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
  const before = fields.map(([name, value]) => `${head(name)}${value}\r\n`).join("");
  return Buffer.concat([
    Buffer.from(`${before}${head("artifact", '; filename="a.mender"')}`),
    file,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
};

const post = (body: Uint8Array): Promise<Answer> =>
  server.call("POST", ARTIFACTS, {
    token: user.token,
    headers: { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: new Uint8Array(body),
  });

/** Refused with a reason and without a trace, or taken whole; then it is removed again. */
async function expectOrder(answer: Answer): Promise<void> {
  expect([201, 400, 409, 413, 422]).toContain(answer.status);
  if (answer.status === 201) {
    const id = answer.headers.get("location")?.split("/").at(-1);
    expect((await server.call("DELETE", `${ARTIFACTS}/${id}`, { token: user.token })).status).toBe(204);
    await server.deliverEvents();
  } else {
    expect(answer.json()).toEqual({
      error: expect.stringMatching(/./),
      request_id: expect.any(String),
    });
  }
  expect([await bucketObjects(), await storageRows()]).toEqual([[], NO_ROWS]);
}

type Damage = (bytes: Buffer) => Buffer;

const position = fc.double({ min: 0, max: 0.999_999, noNaN: true });
const at = (bytes: Buffer, where: number) => Math.floor(where * bytes.length);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(position, fc.integer({ min: 1, max: 255 })).map(([where, bits]): Damage => (bytes) => {
    const changed = Buffer.from(bytes);
    const index = at(bytes, where);
    changed[index] = (changed[index] ?? 0) ^ bits;
    return changed;
  }),
  position.map(
    (where): Damage =>
      (bytes) =>
        bytes.subarray(0, at(bytes, where)),
  ),
  fc.tuple(position, fc.uint8Array({ minLength: 1, maxLength: 600 })).map(
    ([where, noise]): Damage =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, where)), noise, bytes.subarray(at(bytes, where))]),
  ),
  fc.tuple(position, fc.integer({ min: 1, max: 3 })).map(([where, blocks]): Damage => (bytes) => {
    const start = at(bytes, where) & ~511;
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + blocks * 512)]);
  }),
);

describe("garbage", () => {
  const originals = (["none", "gzip", "zstd"] as const).map((packing) =>
    artifact({ headerPacking: packing, dataPacking: packing, metaData: '{"a":{"b":[1,null]}}' }),
  );

  it("in an artifact is refused without a trace", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        async (original, damages) => {
          const damaged = damages.reduce<Buffer>((bytes, act) => act(bytes), original);
          await expectOrder(await post(framed(damaged)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("in the form around it is refused without a trace", { timeout: 120_000 }, async () => {
    const form = framed(artifact(), [
      ["size", String(artifact().length)],
      ["description", "x"],
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), async (damages) => {
        await expectOrder(await post(damages.reduce<Buffer>((bytes, act) => act(bytes), form)));
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["zeros", Buffer.alloc(100_000)],
    ["an empty archive", tar([])],
    ["a version alone", tar([{ name: "version", content: VERSION }])],
    ["the tricks of a path", artifact({ files: [{ name: "../../etc/passwd", content: "x" }] })],
    ["an absolute path", artifact({ files: [{ name: "/etc/passwd", content: "x" }] })],
    ["a name with a zero", artifact({ files: [{ name: "a\0b", content: "x" }] })],
    ["meta-data nested without end", artifact({ metaData: '{"a":'.repeat(5000) + "1" + "}".repeat(5000) })],
    ["a prototype as key", artifact({ metaData: '{"__proto__":{"a":1},"constructor":null}' })],
    [
      "ten thousand files",
      artifact({ files: Array.from({ length: 10_000 }, (_, i) => ({ name: `file-${i}`, content: "" })) }),
    ],
  ])("that is %s is refused or taken whole", async (_, file) => {
    await expectOrder(await post(framed(file)));
  });

  it.each(["\0", "\u0000zero", "\ud800", "'; DROP TABLE artifacts; --", "𝄞".repeat(2048)])(
    "in a description like %j is stored as it is or refused",
    async (description) => {
      await expectOrder(await post(framed(artifact(), [["description", description]])));
    },
  );
});
