import { createPrivateKey, createSign, generateKeyPairSync, sign } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ArtifactDescription } from "../../../src/artifact/read.ts";
import { verifySignature } from "../../../src/artifact/verify.ts";
import { read, sha256 } from "../../support/artifact-samples.ts";
import { PUBLIC_KEYS, TOOL_ARTIFACTS } from "./tool-samples.ts";

type SampleName = keyof typeof TOOL_ARTIFACTS;

async function described(name: SampleName): Promise<ArtifactDescription> {
  const result = await read(gunzipSync(Buffer.from(TOOL_ARTIFACTS[name], "base64")));
  if (!result.ok) throw new Error(result.fault.message);
  return result.artifact;
}

const DATE = "2024-05-06T07:08:09Z";
const file = (name: string, content: string | Uint8Array) => ({
  name,
  size: content.length,
  checksum: sha256(content),
  date: DATE,
});
const SINGLE_FILE = [
  file("dest_dir", "/opt/app\n"),
  file("filename", "hello.txt\n"),
  file("permissions", "644\n"),
  file("hello.txt", "hello\n"),
];
const ROOTFS = [file("rootfs.ext4", new Uint8Array(65_536))];
const ROOTFS_CLEARS = ["artifact_group", "rootfs_image_checksum", "rootfs-image.*"];
const IMAGE = "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31";

describe("artifacts of the original tool", () => {
  it.each<SampleName>(["single-file", "uncompressed", "xz", "ecdsa"])("%s", async (name) => {
    expect(await described(name)).toMatchObject({
      version: 3,
      name: "file-1",
      signed: name === "ecdsa",
      deviceTypes: ["qemux86-64", "raspberrypi4"],
      provides: { artifact_name: "file-1", "rootfs-image.single-file.version": "file-1" },
      depends: { device_type: ["qemux86-64", "raspberrypi4"] },
      clearsProvides: ["rootfs-image.single-file.*"],
      updates: [{ type: "single-file", files: SINGLE_FILE, metaData: null }],
    });
  });

  it.each<SampleName>(["rootfs", "rsa"])("%s", async (name) => {
    expect(await described(name)).toMatchObject({
      name: "release-1",
      signed: name === "rsa",
      provides: {
        artifact_name: "release-1",
        "rootfs-image.checksum": IMAGE,
        "rootfs-image.version": "release-1",
      },
      clearsProvides: ROOTFS_CLEARS,
      updates: [{ type: "rootfs-image", files: ROOTFS, metaData: null }],
    });
  });

  it("depends, provides, groups and a script", async () => {
    expect(await described("depends")).toMatchObject({
      provides: {
        artifact_name: "release-2",
        artifact_group: "grp-a",
        "extra.key": "val",
        "rootfs-image.checksum": IMAGE,
        "rootfs-image.version": "release-2",
      },
      depends: {
        artifact_name: ["release-1"],
        device_type: ["qemux86-64"],
        artifact_group: ["grp-b"],
        "rootfs-image.version": "release-1",
      },
      clearsProvides: ROOTFS_CLEARS,
    });
  });

  it("bootstrap", async () => {
    expect(await described("bootstrap")).toMatchObject({
      provides: { artifact_name: "boot-1", "rootfs-image.version": "boot-1" },
      clearsProvides: ["rootfs-image.*"],
      updates: [{ type: null, files: null, metaData: null }],
    });
  });

  it("no files", async () => {
    expect((await described("no-files")).updates).toEqual([
      { type: "notfiles", files: null, metaData: null },
    ]);
  });

  it("meta-data", async () => {
    expect((await described("meta-data")).updates).toEqual([
      {
        type: "script",
        files: [file("hello.txt", "hello\n")],
        metaData: { key: "value", list: [1, { a: null }] },
      },
    ]);
  });

  it("augmented: the augmented type, the original files", async () => {
    expect(await described("augmented")).toMatchObject({
      provides: { artifact_name: "aug-1", "rootfs-image.delta.version": "aug-1" },
      clearsProvides: ["rootfs-image.delta.*"],
      updates: [{ type: "delta-aug", files: [file("hello.txt", "hello\n")] }],
    });
  });

  it("version 2: neither provides nor depends", async () => {
    expect(await described("version-2")).toMatchObject({
      version: 2,
      name: "v2-1",
      deviceTypes: ["dt1"],
      provides: null,
      depends: null,
      clearsProvides: null,
      updates: [{ type: "rootfs-image", files: ROOTFS }],
    });
  });
});

describe("signatures", () => {
  it.each(["rsa", "ecdsa"] as const)("of the tool are right with the %s key and no other", async (kind) => {
    const artifact = await described(kind);
    expect(verifySignature(artifact, PUBLIC_KEYS[kind])).toEqual({ ok: true, algorithm: kind });
    const other = PUBLIC_KEYS[kind === "rsa" ? "ecdsa" : "rsa"];
    expect(verifySignature(artifact, other)).toEqual({ ok: false, reason: "signature_wrong" });
    const changed = { ...artifact, manifest: artifact.manifest.replace("a", "b") };
    expect(verifySignature(changed, PUBLIC_KEYS[kind])).toEqual({ ok: false, reason: "signature_wrong" });
  });

  it("may end with a line end", async () => {
    const artifact = await described("ecdsa");
    const signature = `${artifact.signature}\r\n`;
    expect(verifySignature({ ...artifact, signature }, PUBLIC_KEYS.ecdsa).ok).toBe(true);
  });

  it("may be DER where external signers make them", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const manifest = "checksum  path\n";
    const der = createSign("sha256")
      .update(manifest)
      .sign(createPrivateKey(privateKey.export({ type: "sec1", format: "pem" })), "base64");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    expect(verifySignature({ manifest, signature: der }, pem)).toEqual({ ok: true, algorithm: "ecdsa" });
  });

  // About one number in a hundred has a zero byte in front, on P-521 every second one.
  it.each([
    ["P-256", 300],
    ["P-521", 20],
  ])("may be raw on the curve %s, however short its numbers are", (namedCurve, turns) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    for (let turn = 0; turn < turns; turn++) {
      const manifest = `checksum  path-${turn}\n`;
      const raw = sign("sha256", Buffer.from(manifest), { key: privateKey, dsaEncoding: "ieee-p1363" });
      const signature = raw.toString("base64");
      expect(verifySignature({ manifest, signature }, pem)).toEqual({ ok: true, algorithm: "ecdsa" });
    }
  });

  it("are not trusted for what they cannot be", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const manifest = "checksum  path\n";
    const signature = sign(null, Buffer.from(manifest), privateKey).toString("base64");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    expect(verifySignature({ manifest, signature }, pem)).toEqual({ ok: false, reason: "key_unsupported" });
    const artifact = await described("rsa");
    expect(verifySignature(artifact, "nonsense")).toEqual({ ok: false, reason: "key_invalid" });
    expect(verifySignature({ ...artifact, signature: null }, PUBLIC_KEYS.rsa)).toEqual({
      ok: false,
      reason: "unsigned",
    });
    for (const text of ["", "not base64!"]) {
      expect(verifySignature({ ...artifact, signature: text }, PUBLIC_KEYS.rsa)).toEqual({
        ok: false,
        reason: "signature_malformed",
      });
    }
    expect(verifySignature({ ...artifact, signature: "AAAA" }, PUBLIC_KEYS.rsa)).toEqual({
      ok: false,
      reason: "signature_wrong",
    });
  });
});
