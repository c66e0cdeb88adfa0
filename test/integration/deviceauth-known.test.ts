import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { aUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { claimsOf, DEVAUTH, DeviceAdmin, isLive } from "../support/device-auth.ts";
import { forgetOldRevocations } from "../../src/deviceauth/index.ts";
import { Outage } from "../support/outage.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { withoutHead } from "../support/without-head.ts";

const DAY = 86_400_000;
const LIFE = 7 * DAY;

let server: Server;
let admin: DeviceAdmin;
let device: SigningDevice;

async function begin() {
  server = await Server.start();
  admin = new DeviceAdmin(server, await aUser(server));
  device = new SigningDevice({ mac: "1" });
}

beforeEach(begin);

const operate = (method: string, path: string, json: unknown) =>
  server.call(method, `/api/operator/v1/tenants/default${path}`, { token: OPERATOR_TOKEN, json });

/** Lets the device in, and lets it come once, so that the head knows it. */
async function known(): Promise<{ id: string; set: string }> {
  const admitted = await admin.admit(device);
  expect((await device.ask(server)).cost.trips).toBe(1);
  expect((await device.ask(server)).cost.trips).toBe(0);
  return admitted;
}

describe("a device that authenticates again", () => {
  it("needs no database, and gets the same token as by it", async () => {
    const { id, set } = await admin.admit(device);
    const first = await device.ask(server);
    const again = await device.ask(server);
    expect([again.status, again.headers.get("content-type")]).toEqual([200, "application/jwt"]);
    expect(again.cost).toMatchObject({ trips: 0, statements: 0, objects: 1 });
    expect(claimsOf(again.text)).toEqual(claimsOf(first.text));
    expect(claimsOf(again.text)).toMatchObject({ sub: id, jti: set });
    expect(await isLive(server, again.text)).toBe(true);
  });

  it("is let in while the database is away", async () => {
    await known();
    const outage = new Outage(server);
    outage.begin("DB");
    const body = device.body();
    const answer = await server.call(
      "POST",
      "/api/devices/v1/authentication/auth_requests",
      {
        body,
        headers: { "Content-Type": "application/json", "X-MEN-Signature": device.signature(body) },
      },
      outage.env,
    );
    expect(answer.status).toBe(200);
  });

  it("is known by its tier and its key together with its identity", async () => {
    const keys = generateKeyPairSync("ed25519");
    device = SigningDevice.withKeys({ mac: "1" }, keys);
    await known();
    expect((await device.ask(server, { tier: "micro" })).cost.trips).toBeGreaterThan(0);
    const stranger = new SigningDevice({ mac: "1" });
    expect(refusal(await stranger.ask(server))).toEqual([401, "dev auth: unauthorized"]);
    const other = SigningDevice.withKeys({ mac: "2" }, keys);
    expect(refusal(await other.ask(server))).toEqual([401, "dev auth: unauthorized"]);
  });

  it("must sign", async () => {
    await known();
    const body = device.body();
    const forged = new SigningDevice({ mac: "1" }).signature(body);
    const headers = { "X-MEN-Signature": forged };
    expect(refusal(await device.send(server, body, headers))).toEqual([401, "signature verification failed"]);
  });

  it.each<[string, (ids: { id: string; set: string }) => Promise<{ status: number }>, number]>([
    ["rejected", ({ id, set }) => admin.putStatus(id, set, "rejected"), 401],
    ["dismissed", ({ id, set }) => admin.call("DELETE", `/devices/${id}/auth/${set}`), 401],
    ["decommissioned", ({ id }) => admin.call("DELETE", `/devices/${id}`), 401],
    ["of a suspended tenant", () => operate("PUT", "/status", { status: "suspended" }), 401],
  ])("asks the database once it is %s", async (_what, change, status) => {
    const ids = await known();
    expect((await change(ids)).status).toBeLessThan(300);
    const answer = await device.ask(server);
    expect(answer.status).toBe(status);
    expect(answer.cost.trips).toBeGreaterThan(0);
  });

  it("waits again where the database was taken back to before it was let in, and all tokens were ended", async () => {
    await known();
    await env.DB.batch(
      [
        "UPDATE auth_sets SET status = 'pending', tokens_revoked_s = 0",
        "DELETE FROM token_revocations",
        "UPDATE tenants SET revocations = 0",
      ].map((text) => env.DB.prepare(text)),
    );
    const path = "/api/internal/v1/devauth/tokens?tenant_id=default";
    expect((await server.call("DELETE", path, { token: OPERATOR_TOKEN })).status).toBe(204);
    expect(refusal(await device.ask(server))).toEqual([401, "dev auth: unauthorized"]);
  });

  it("stays out when the revocation itself has been forgotten", async () => {
    const { id, set } = await known();
    server.advance(LIFE / 2 - DAY);
    await admin.putStatus(id, set, "rejected");
    for (let days = 0; days < 9; days++) {
      expect((await device.ask(server)).status).toBe(401);
      server.advance(DAY);
      await forgetOldRevocations(await server.deps());
    }
    expect(refusal(await device.ask(server))).toEqual([401, "dev auth: unauthorized"]);
  });

  it("is looked up again after half the life of a token", async () => {
    await known();
    server.advance(LIFE / 2 - 1);
    expect((await device.ask(server)).cost.trips).toBe(0);
    server.advance(1);
    expect((await device.ask(server)).cost.trips).toBe(1);
    expect((await device.ask(server)).cost.trips).toBe(0);
  });

  it("is told of a new plan by its next token", async () => {
    await known();
    const plan = { token: OPERATOR_TOKEN, json: { plan: "professional" } };
    const changed = await server.call("PUT", "/api/internal/v1/tenantadm/tenants/default", plan);
    expect(changed.status).toBeLessThan(300);
    expect(claimsOf((await device.ask(server)).text)).toMatchObject({ "mender.plan": "professional" });
    expect((await device.ask(server)).cost.trips).toBe(0);
  });

  it("gets tokens that live after all tokens of it were ended", async () => {
    const { set } = await known();
    const before = (await device.ask(server)).text;
    expect((await admin.call("DELETE", `/tokens/${set}`)).status).toBe(204);
    expect(await isLive(server, before)).toBe(false);
    expect(await isLive(server, (await device.ask(server)).text)).toBe(true);
  });

  it("is asked of the database while the head is away", async () => {
    await known();
    const body = device.body();
    const headers = { "Content-Type": "application/json", "X-MEN-Signature": device.signature(body) };
    const path = "/api/devices/v1/authentication/auth_requests";
    const answer = await server.call("POST", path, { body, headers }, withoutHead(server));
    expect([answer.status, answer.cost.trips]).toEqual([200, 1]);
  });

  it("costs no call of the head while it waits for acceptance", async () => {
    await device.ask(server);
    const { cost } = await device.ask(server);
    expect(cost).toMatchObject({ trips: 1, objects: 0, written: 0 });
  });
});

describe("whatever happens to devices", () => {
  type Step =
    | "ask"
    | "accept"
    | "reject"
    | "dismiss"
    | "decommission"
    | "suspend"
    | "activate"
    | "end tokens"
    | "wait";
  const STEPS: Step[] = [
    "ask",
    "accept",
    "reject",
    "dismiss",
    "decommission",
    "suspend",
    "activate",
    "end tokens",
    "wait",
  ];

  /** The set of the device, as an admin finds it. */
  async function found() {
    const { results } = await env.DB.prepare(
      'SELECT device_id AS id, auth_set_id AS "set", status FROM auth_sets',
    ).all<{ id: string; set: string; status: string }>();
    return results[0];
  }

  async function take(step: Step): Promise<void> {
    const it = await found();
    if (step === "suspend") await operate("PUT", "/status", { status: "suspended" });
    else if (step === "activate") await operate("PUT", "/status", { status: "active" });
    else if (step === "wait") server.advance(LIFE / 4);
    else if (!it) return;
    else if (step === "accept") await admin.putStatus(it.id, it.set, "accepted");
    else if (step === "reject") await admin.putStatus(it.id, it.set, "rejected");
    else if (step === "dismiss") await admin.call("DELETE", `/devices/${it.id}/auth/${it.set}`);
    else if (step === "decommission") await admin.call("DELETE", `/devices/${it.id}`);
    else if (step === "end tokens") await server.call("DELETE", `${DEVAUTH}/tokens/${it.set}`, {});
  }

  it("lets in those whose set is accepted in the database, and nobody else", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 25 }),
        async (steps) => {
          await begin();
          for (const step of steps) {
            await take(step);
            const [before, tenant] = [
              await found(),
              await env.DB.prepare("SELECT status FROM tenants WHERE tenant_id = 'default'").first("status"),
            ];
            const mayEnter = before?.status === "accepted" && tenant === "active";
            const answer = await device.ask(server);
            expect(answer.status).toBe(mayEnter ? 200 : 401);
            if (mayEnter) expect(await isLive(server, answer.text)).toBe(true);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
