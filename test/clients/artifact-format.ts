import assert from "node:assert/strict";
import { createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  configurationArtifact,
  moduleDefaults,
  rootfsDefaults,
  singleFileArtifact,
} from "../../src/artifact/images.ts";
import { readArtifact } from "../../src/artifact/read.ts";
import { verifySignature } from "../../src/artifact/verify.ts";
import type { ArtifactSpec } from "../../src/artifact/spec.ts";
import { writeArtifact } from "../../src/artifact/write.ts";
import { bytes, chunked, sha256 } from "../support/artifact-samples.ts";
import { ArtifactTool, type ToolSample, toolSamples } from "./artifact-tool.ts";

const image = new Uint8Array(3_000_000).map((_, index) => index % 251);

const SPECS: ArtifactSpec[] = [
  singleFileArtifact({
    name: "app-1.2",
    deviceTypes: ["dt1", "dt2"],
    destination: "/etc/app",
    file: { name: "app.conf", content: bytes("x=1\n") },
    software: { filesystem: "data-partition", name: "myapp", version: "1.2" },
  }),
  configurationArtifact("configuration-1", "dt1", { timezone: "UTC", interval: "60" }),
  {
    name: "boot-1",
    deviceTypes: ["dt1"],
    payloadType: null,
    provides: { "rootfs-image.version": "boot-1" },
    clearsProvides: ["rootfs-image.*"],
  },
  {
    name: "release-2",
    deviceTypes: ["dt1"],
    payloadType: "rootfs-image",
    files: [{ name: "rootfs.ext4", content: image }],
    ...rootfsDefaults("release-2", sha256(image)),
    group: "grp-a",
    dependsOnNames: ["release-1"],
    dependsOnGroups: ["grp-b"],
    depends: { "rootfs-image.version": "release-1" },
    scripts: [{ name: "ArtifactInstall_Enter_05_check", content: bytes("#!/bin/sh\ntrue\n") }],
  },
  {
    name: "script-1",
    deviceTypes: ["dt1"],
    payloadType: "script",
    files: [{ name: "run.sh", content: bytes("#!/bin/sh\n"), mode: 0o755 }],
    ...moduleDefaults("script-1", "script"),
    metaData: { nested: { list: [1, "two", null] } },
  },
];

async function written(spec: ArtifactSpec): Promise<Buffer> {
  const { size, chunks } = await writeArtifact(spec);
  const content = Buffer.concat(await Array.fromAsync(chunks()));
  assert.equal(content.length, size);
  return content;
}

/** What we write is what the published tool reads, and the other way round. Throws where it is not. */
export async function checkArtifactTool(): Promise<void> {
  using tool = new ArtifactTool();
  for (const spec of SPECS) {
    for (const compression of ["none", "gzip"] as const) {
      checkWritten(tool, spec, await written({ ...spec, compression }));
    }
  }
  for (const kind of ["rsa", "ecdsa"] as const) await checkSigned(tool, kind);
  for (const sample of toolSamples(tool)) await checkSample(sample);
}

function checkWritten(tool: ArtifactTool, spec: ArtifactSpec, content: Buffer): void {
  const validated = tool.validate(content);
  assert.ok(validated.ok, `mender-artifact refuses ${spec.name}: ${validated.output}`);
  const { ok, output } = tool.read(content);
  assert.ok(ok, `mender-artifact cannot read ${spec.name}: ${output}`);
  const told = [
    `Name: ${spec.name}`,
    `Compatible devices: '[${spec.deviceTypes.join(" ")}]'`,
    `Type:   ${spec.payloadType ?? "Empty type"}`,
    ...Object.entries(spec.provides ?? {}).map(([key, value]) => `${key}: ${value}`),
    ...(spec.clearsProvides ?? []),
    ...(spec.files ?? []).map(({ name }) => `name:     ${name}`),
    ...(spec.scripts ?? []).map(({ name }) => name),
  ];
  for (const text of told) {
    assert.ok(output.includes(text), `mender-artifact does not tell "${text}" of ${spec.name}: ${output}`);
  }
}

async function checkSigned(tool: ArtifactTool, kind: "rsa" | "ecdsa"): Promise<void> {
  const { privatePath, publicPath, publicPem } = tool.key(kind);
  const key = readFileSync(privatePath, "utf8");
  // ECDSA signatures of the tool are raw numbers; the option means nothing for RSA.
  const sign = async (manifest: Uint8Array) =>
    createSign("sha256").update(manifest).sign({ key, dsaEncoding: "ieee-p1363" }, "base64");
  const content = await written({ ...SPECS[0]!, sign });
  const { ok, output } = tool.validate(content, publicPath);
  assert.ok(ok, `mender-artifact refuses our ${kind} signature: ${output}`);
  const result = await readArtifact(chunked(content));
  assert.ok(result.ok && verifySignature(result.artifact, publicPem).ok);
}

async function checkSample({ name, content, key }: ToolSample): Promise<void> {
  const result = await readArtifact(chunked(content), { expectedSize: content.length });
  assert.ok(result.ok, `we refuse the tool's ${name}: ${result.ok || result.fault.message}`);
  assert.equal(result.artifact.signed, key !== undefined);
  if (key === undefined) return;
  assert.ok(verifySignature(result.artifact, key.publicPem).ok, `the tool's ${name} signature is wrong`);
}
