import { createHash, createSign, generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  ARTIFACTS,
  bucketObjects,
  formOf,
  idOf,
  NO_ROWS,
  storageRows,
  upload,
} from "../support/artifacts.ts";
import { afterStart, type Answer, env, Server } from "../support/server.ts";

const KEYS = "/api/management/v1/deployments/trusted-keys";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pemOf = (keys: typeof pair) => keys.publicKey.export({ format: "pem", type: "spki" }).toString();
const idOfKey = createHash("sha256")
  .update(pair.publicKey.export({ format: "der", type: "spki" }))
  .digest("hex")
  .slice(0, 32);

const signedBy = (keys: typeof pair) => (manifest: Uint8Array) =>
  Promise.resolve(
    createSign("sha256")
      .update(manifest)
      .sign({
        key: keys.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
        dsaEncoding: "ieee-p1363",
      })
      .toString("base64"),
  );

const call = (method: string, path: string, json?: unknown, token = user.token): Promise<Answer> =>
  server.call(method, path, { token, json });
const trust = (keys = pair, token = user.token) =>
  call("POST", KEYS, { name: "release team", public_key: pemOf(keys) }, token);
const fault = (answer: Answer) => [answer.status, answer.json().error];

describe("trusted keys", () => {
  it("are listed, added once and removed", async () => {
    expect((await call("GET", KEYS)).json()).toEqual([]);
    const added = await trust();
    expect([added.status, added.headers.get("location")]).toEqual([201, `${KEYS}/${idOfKey}`]);
    expect((await call("GET", KEYS)).json()).toEqual([
      { id: idOfKey, name: "release team", public_key: pemOf(pair), created: afterStart() },
    ]);
    expect(fault(await trust())).toEqual([409, "the key is trusted already"]);
    expect((await call("DELETE", `${KEYS}/${idOfKey}`)).status).toBe(204);
    expect(fault(await call("DELETE", `${KEYS}/${idOfKey}`))).toEqual([404, "Resource not found"]);
    const { results } = await env.DB.prepare(
      "SELECT action FROM audit_log WHERE object_type = 'artifact_key'",
    ).all();
    expect(new Set(results.map(({ action }) => action))).toEqual(new Set(["create", "delete"]));
  });

  const ed25519 = generateKeyPairSync("ed25519");
  it.each([
    ["nonsense", "nonsense"],
    [
      "a key of a kind that signs no artifact",
      ed25519.publicKey.export({ format: "pem", type: "spki" }).toString(),
    ],
    ["a private key", pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString()],
  ])("are not %s", async (_, pem) => {
    expect(fault(await call("POST", KEYS, { name: "x", public_key: pem }))).toEqual([
      400,
      "public_key: must be an RSA or ECDSA public key in PEM form.",
    ]);
    expect((await call("GET", KEYS)).json()).toEqual([]);
  });

  it("need a name", async () => {
    expect(fault(await call("POST", KEYS, { public_key: pemOf(pair) }))).toEqual([
      400,
      "name: cannot be blank.",
    ]);
  });

  it("are for administrators to change and of one tenant", async () => {
    const other = await aUser(server, { tenant: "t-other" });
    await trust(pair, other.token);
    expect((await call("GET", KEYS)).json()).toEqual([]);
    expect((await call("DELETE", `${KEYS}/${idOfKey}`)).status).toBe(404);
    const uploader = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    expect((await trust(pair, uploader.token)).status).toBe(403);
    expect((await call("DELETE", `${KEYS}/x`, undefined, uploader.token)).status).toBe(403);
    expect((await call("GET", KEYS, undefined, uploader.token)).status).toBe(200);
    expect((await server.call("GET", KEYS)).status).toBe(401);
  });
});

describe("a tenant that trusts keys", () => {
  beforeEach(async () => {
    await trust(stranger);
    await trust();
  });

  it("takes an artifact that one of them signed, and says which", async () => {
    const id = idOf(await upload(server, await anArtifact({ sign: signedBy(pair) }), user));
    expect((await call("GET", `${ARTIFACTS}/${id}`)).json()).toMatchObject({
      signed: true,
      signed_by: idOfKey,
    });
  });

  it("takes RSA signatures too", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 3072 });
    await call("POST", KEYS, {
      name: "rsa",
      public_key: rsa.publicKey.export({ format: "pem", type: "pkcs1" }).toString(),
    });
    const sign = (manifest: Uint8Array) =>
      Promise.resolve(createSign("sha256").update(manifest).sign(rsa.privateKey).toString("base64"));
    idOf(await upload(server, await anArtifact({ sign }), user));
  });

  it.each([
    ["unsigned", undefined, "the artifact is not signed"],
    [
      "signed by another key",
      signedBy(generateKeyPairSync("ec", { namedCurve: "P-256" })),
      "the artifact is not signed by a trusted key",
    ],
    ["signed with garbage", () => Promise.resolve("garbage"), "the artifact is not signed by a trusted key"],
  ])("refuses one that is %s and keeps nothing of it", async (_, sign, text) => {
    const answer = await upload(server, await anArtifact(sign ? { sign } : {}), user);
    expect(fault(answer)).toEqual([400, text]);
    expect([await bucketObjects(), await storageRows()]).toEqual([[], NO_ROWS]);
  });

  it("refuses one uploaded by link all the same", async () => {
    const bytes = await anArtifact();
    const link = (await call("POST", `${ARTIFACTS}/directupload`)).json<{ id: string; uri: string }>();
    await server.call("PUT", link.uri, { body: bytes, headers: { "Content-Length": String(bytes.length) } });
    await call("POST", `${ARTIFACTS}/directupload/${link.id}/complete`);
    await server.deliverEvents();
    expect((await call("GET", `${ARTIFACTS}/directupload/${link.id}`)).json()).toMatchObject({
      state: "failed",
      error: "the artifact is not signed",
    });
    expect(await bucketObjects()).toEqual([]);
  });
});

describe("a tenant that trusts no key", () => {
  it("takes any signature unread", async () => {
    const id = idOf(await upload(server, await anArtifact({ sign: () => Promise.resolve("garbage") }), user));
    const shown = (await call("GET", `${ARTIFACTS}/${id}`)).json();
    expect(shown.signed).toBe(true);
    expect(shown).not.toHaveProperty("signed_by");
  });

  it("has artifacts refused that would be generated, before anything is stored [differs: generate-unsigned]", async () => {
    await trust();
    const form = formOf([
      ["name", "app-1"],
      ["device_types_compatible", "dt1"],
      ["type", "single_file"],
      ["args", JSON.stringify({ filename: "app.conf", dest_dir: "/etc" })],
      ["file", new Uint8Array(10)],
    ]);
    const answer = await server.call("POST", `${ARTIFACTS}/generate`, { token: user.token, body: form });
    expect(fault(answer)).toEqual([
      422,
      expect.stringMatching(/^this tenant takes only artifacts that a trusted key signed/),
    ]);
    expect(await storageRows()).toEqual(NO_ROWS);
    expect(await bucketObjects()).toEqual([]);
  });
});
