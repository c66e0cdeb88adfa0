import { beforeAll, describe, expect, it } from "vitest";
import { generateArtifact } from "../../src/releases/generate.ts";
import type { UserActor } from "../../src/platform/actor.ts";
import { asUserId } from "../../src/platform/ids.ts";
import { PART_BYTES } from "../../src/storage/object-writer.ts";
import { formOf, noise } from "../support/artifacts.ts";
import { aStage, consumeOrCrash, endState, recover, type Stage } from "../support/crash-stage.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { LONG, stops } from "../support/form.ts";
import { env, Server } from "../support/server.ts";
import { NO_RIGHTS } from "../../src/platform/rights.ts";

/** Two parts, so that source and artifact are both uploaded in parts. */
const FILE = noise(PART_BYTES + 1_000_000);
/** In the short form; each of these makes and takes apart some ten megabytes. */
const AT_STOPS = 4;

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});

/** The request of a user, in a process that may be stopped. */
async function request({ tenant }: Stage, moments: Moments, begun: R2MultipartUpload[] = []): Promise<void> {
  const actor: UserActor = {
    kind: "user",
    tenant,
    user: asUserId("11111111-1111-4111-8111-111111111111"),
    email: "user@example.com",
    roles: [],
    rights: NO_RIGHTS,
    token: "",
  };
  const form = new Response(
    formOf([
      ["name", "app-1"],
      ["device_types_compatible", "dt1"],
      ["type", "single_file"],
      ["args", JSON.stringify({ filename: "app.bin", dest_dir: "/opt" })],
      ["file", FILE],
    ]),
  );
  const deps = crashingDeps(await server.deps(), moments, (upload) => begun.push(upload));
  await generateArtifact(deps, actor, {
    stream: form.body!,
    contentType: form.headers.get("content-type")!,
    declaredBytes: undefined,
  });
}

async function requestOrCrash(stage: Stage, moments: Moments, begun: R2MultipartUpload[]): Promise<void> {
  await request(stage, moments, begun).catch((cause: unknown) => {
    if (!(cause instanceof Crash)) throw cause;
  });
}

/** Uploads in parts that the storage would still take parts of. */
async function stillOpen(uploads: readonly R2MultipartUpload[]): Promise<string[]> {
  const open: string[] = [];
  for (const { key, uploadId } of uploads) {
    const refused = await env.ARTIFACTS.resumeMultipartUpload(key, uploadId)
      .uploadPart(1, new Uint8Array(1))
      .then(() => undefined, String);
    if (refused === undefined) open.push(key);
    else expect(refused).toContain("10024");
  }
  return open;
}

/** Everything that is to be the same, however often it was tried. */
async function after(stage: Stage): Promise<unknown> {
  await recover(server);
  return endState(stage);
}

describe("a large file, uploaded in parts", () => {
  it("becomes the same artifact wherever the job is stopped, and no bytes are left of the tries", async () => {
    const straight = await aStage(server);
    await request(straight, new Moments());
    const moments = new Moments();
    const all: R2MultipartUpload[] = [];
    await consumeOrCrash(server, moments, (upload) => all.push(upload));
    const wanted = await after(straight);
    expect([all.length, moments.count > 30]).toEqual([1, true]);
    expect(await stillOpen(all)).toEqual([]);

    const different: number[] = [];
    const unrecorded: number[] = [];
    for (const stopAt of stops(moments.count, AT_STOPS)) {
      const stage = await aStage(server);
      await request(stage, new Moments());
      const begun: R2MultipartUpload[] = [];
      expect(await consumeOrCrash(server, new Moments(stopAt), (upload) => begun.push(upload))).toBe(true);
      const state = await after(stage);
      if (JSON.stringify(state) !== JSON.stringify(wanted)) different.push(stopAt);
      if ((await stillOpen(begun)).length > 0) unrecorded.push(stopAt);
    }
    expect(different).toEqual([]);
    // Stopped before it could write down what it had begun; the storage ends such an upload by itself.
    if (LONG) expect(unrecorded).toHaveLength(2);
    expect(unrecorded.length).toBeLessThanOrEqual(2);
  }, 300_000);

  it("is promised as a whole or not at all wherever the request is stopped", async () => {
    const nothing = await endState(await aStage(server));
    const straight = await aStage(server);
    const moments = new Moments();
    await request(straight, moments);
    const wanted = await after(straight);

    const different: number[] = [];
    const unrecorded: number[] = [];
    const kept: number[] = [];
    for (const stopAt of stops(moments.count, AT_STOPS)) {
      const stage = await aStage(server);
      const begun: R2MultipartUpload[] = [];
      await requestOrCrash(stage, new Moments(stopAt), begun);
      const state = JSON.stringify(await after(stage));
      if (state === JSON.stringify(wanted)) kept.push(stopAt);
      else if (state !== JSON.stringify(nothing)) different.push(stopAt);
      if ((await stillOpen(begun)).length > 0) unrecorded.push(stopAt);
    }
    expect(different).toEqual([]);
    if (LONG) expect(unrecorded).toHaveLength(2);
    expect(unrecorded.length).toBeLessThanOrEqual(2);
    // Only the moment after the promise was recorded.
    expect(kept).toEqual([moments.count]);
  }, 300_000);
});
