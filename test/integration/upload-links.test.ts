import { beforeEach, describe, expect, it, vi } from "vitest";
import { RECHECK_MS } from "../../src/platform/recheck.ts";
import { aUser, logIn, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { anArtifact, ARTIFACTS, bucketObjects } from "../support/artifacts.ts";
import { OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";

const DIRECT = `${ARTIFACTS}/directupload`;
const USERADM = "/api/management/v1/useradm";
const REVOKED = [403, "URL revoked"];

let server: Server;
let admin: TestUser;
let user: TestUser;
let link: { id: string; uri: string };
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
  const email = "uploads@example.com";
  user = await aUser(server, { email, password: "correct horse" });
  user = { ...user, token: (await logIn(server, email, "correct horse")).text };
  link = (await server.call("POST", DIRECT, { token: user.token })).json<typeof link>();
});

const manage = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: admin.token, json });

const ENDS: Record<string, () => Promise<Answer>> = {
  "was deleted": () => manage("DELETE", `${USERADM}/users/${user.id}`),
  "logged out": () => server.call("POST", `${USERADM}/auth/logout`, { token: user.token }),
  "lost the role": () => manage("PUT", `${USERADM}/users/${user.id}`, { roles: ["RBAC_ROLE_OBSERVER"] }),
  "has its tenant suspended": () =>
    server.call("PUT", "/api/operator/v1/tenants/default/status", {
      token: OPERATOR_TOKEN,
      json: { status: "suspended" },
    }),
};

const put = (uri: string, body: BodyInit, length: number): Promise<Answer> =>
  server.call("PUT", uri, {
    headers: { "Content-Type": "application/octet-stream", "Content-Length": String(length) },
    body,
  });

/** A body whose rest comes when it is told to. */
function inTwoPieces(bytes: Uint8Array) {
  let sendRest = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(bytes.slice(0, 10));
      sendRest = () => {
        controller.enqueue(bytes.slice(10));
        controller.close();
      };
    },
  });
  return { stream, sendRest: () => sendRest() };
}

describe("an upload link [differs: link-revoked]", () => {
  it.each(Object.keys(ENDS))("is dead at once when its user %s", async (end) => {
    const bytes = await anArtifact();
    expect((await put(`${link.uri}&part=1`, bytes, bytes.length)).status).toBe(200);
    expect((await ENDS[end]!()).status).toBeLessThan(300);
    expect(refusal(await put(link.uri, bytes, bytes.length))).toEqual(REVOKED);
    expect(refusal(await put(`${link.uri}&part=1`, bytes, bytes.length))).toEqual(REVOKED);
    expect(refusal(await server.call("GET", link.uri))).toEqual(REVOKED);
  });

  it("cannot be given to another user by its holder", async () => {
    const uri = link.uri.replace(user.id, admin.id);
    expect(uri).not.toBe(link.uri);
    expect(refusal(await server.call("GET", uri))).toEqual([403, "signature invalid"]);
    const nobodys = link.uri.replace(/&(user|token)=[^&]*/g, "");
    expect(refusal(await server.call("GET", nobodys))).toEqual([403, "signature invalid"]);
  });

  it("of another user goes on with the upload", async () => {
    await ENDS["was deleted"]!();
    const { uri } = (await manage("GET", `${DIRECT}/${link.id}`)).json<{ uri: string }>();
    const bytes = await anArtifact();
    expect((await put(uri, bytes, bytes.length)).status).toBe(200);
  });
});

describe("an upload under way whose user loses the right", () => {
  const parts = ["", "&part=1"];

  it.each(parts)("is ended within seconds%s", async (part) => {
    const before = server.waiting;
    const { stream } = inTwoPieces(await anArtifact());
    const answer = put(link.uri + part, stream, 5000);
    await vi.waitFor(() => expect(server.waiting).toBe(before + 2), { interval: 1 });
    await ENDS["was deleted"]!();
    server.advance(RECHECK_MS);
    await server.call("GET", "/healthz");
    expect(refusal(await answer)).toEqual(REVOKED);
    expect(await bucketObjects()).toEqual([]);
  });

  it.each(parts)("is refused at its end%s", async (part) => {
    const before = server.waiting;
    const bytes = await anArtifact();
    const { stream, sendRest } = inTwoPieces(bytes);
    const answer = put(link.uri + part, stream, bytes.length);
    await vi.waitFor(() => expect(server.waiting).toBe(before + 2), { interval: 1 });
    await ENDS["logged out"]!();
    sendRest();
    expect(refusal(await answer)).toEqual(REVOKED);
    expect(await bucketObjects()).toEqual([]);
    const followed = await manage("GET", `${DIRECT}/${link.id}`);
    expect(followed.json()).toMatchObject({ state: "open", parts: [] });
  });

  it("goes on while its user keeps it", async () => {
    const before = server.waiting;
    const bytes = await anArtifact();
    const { stream, sendRest } = inTwoPieces(bytes);
    const answer = put(link.uri, stream, bytes.length);
    await vi.waitFor(() => expect(server.waiting).toBe(before + 2), { interval: 1 });
    server.advance(RECHECK_MS);
    await server.call("GET", "/healthz");
    sendRest();
    expect((await answer).status).toBe(200);
    expect(await bucketObjects()).toHaveLength(1);
  });
});
