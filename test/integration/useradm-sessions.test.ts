import { beforeEach, describe, expect, it } from "vitest";
import { aUser, logIn, type TestUser } from "../support/actors.ts";
import { auditOf } from "../support/answers.ts";
import { afterStart, Server } from "../support/server.ts";

const USERS = "/api/management/v1/useradm/users";
const PASSWORD = "correct horse battery";
const MINUTE_MS = 60_000;

interface Session {
  id: string;
  device?: string;
  place?: string;
  current: boolean;
  last_used?: string;
}

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server, { email: "ada@example.com", password: PASSWORD });
});

const open = async (agent: string, address?: string) =>
  (await logIn(server, user.email, PASSWORD, { headers: { "User-Agent": agent }, address })).text;
const list = async (token: string, id = "me") =>
  (await server.call("GET", `${USERS}/${id}/sessions`, { token })).json<Session[]>();
const end = (token: string, path: string) => server.call("DELETE", `${USERS}/${path}`, { token });
const isOpen = async (token: string) => (await server.call("GET", `${USERS}/me`, { token })).status === 200;

describe("sessions", () => {
  it("are listed with device and place, the newest first", async () => {
    server.advance(1000);
    const phone = await open("Phone 1\tbeta", "2001:db8:1:2::7");
    server.advance(1000);
    const laptop = await open(`Laptop ${"x".repeat(500)}`, "192.0.2.7");
    const told = (await list(laptop)).map((session) => ({ ...session, last_used: undefined }));
    expect(told).toEqual([
      {
        id: expect.any(String),
        created_ts: afterStart(2000),
        expiration_date: afterStart(2000 + 604_800_000),
        device: `Laptop ${"x".repeat(249)}`,
        place: "192.0.2.7",
        current: true,
      },
      {
        id: expect.any(String),
        created_ts: afterStart(1000),
        expiration_date: afterStart(1000 + 604_800_000),
        device: "Phone 1 beta",
        place: "2001:db8:1:2",
        current: false,
      },
      { id: expect.any(String), created_ts: afterStart(), current: false },
    ]);
    expect((await list(phone)).map(({ current }) => current)).toEqual([false, true, false]);
  });

  it("tell when they were used, exact to five minutes", async () => {
    const used = async () => (await list(user.token))[0]?.last_used;
    await used();
    expect(await used()).toBe(afterStart());
    server.advance(4 * MINUTE_MS);
    await used();
    expect(await used()).toBe(afterStart());
    server.advance(MINUTE_MS);
    await used();
    expect(await used()).toBe(afterStart(5 * MINUTE_MS));
  });

  it("end one by one, and personal tokens are none", async () => {
    const { text: personal } = await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
      token: user.token,
      json: { name: "ci" },
    });
    const other = await open("Phone");
    const [session] = (await list(user.token)).filter(({ device }) => device === "Phone");
    const ended = await end(user.token, `me/sessions/${session!.id}`);
    expect([ended.status, ended.text]).toEqual([204, ""]);
    expect([await isOpen(other), await isOpen(user.token), await isOpen(personal)]).toEqual([
      false,
      true,
      true,
    ]);
    expect((await end(user.token, `me/sessions/${session!.id}`)).status).toBe(204);
    expect(await list(user.token)).toHaveLength(1);
    expect(await auditOf(user.id)).toEqual([
      { actor_id: user.id, action: "delete", change: `Ended session ${session!.id}` },
    ]);
  });

  it("end all at once, on wish but the own", async () => {
    const other = await open("Phone");
    expect((await end(user.token, "me/sessions?keep_current=maybe")).status).toBe(400);
    expect((await end(user.token, "me/sessions?keep_current=true")).status).toBe(204);
    expect([await isOpen(other), await isOpen(user.token)]).toEqual([false, true]);
    expect((await end(user.token, "me/sessions")).status).toBe(204);
    expect(await isOpen(user.token)).toBe(false);
  });

  it("of others are for those who manage users, in their tenant", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const stranger = await aUser(server, { tenant: "acme" });
    const manager = await aUser(server);
    const path = `${USERS}/${user.id}/sessions`;
    expect((await server.call("GET", path, { token: observer.token })).status).toBe(403);
    expect((await end(observer.token, `${user.id}/sessions`)).status).toBe(403);
    expect((await server.call("GET", path, { token: stranger.token })).status).toBe(404);
    expect((await end(stranger.token, `${user.id}/sessions`)).status).toBe(204);
    expect(await isOpen(user.token)).toBe(true);
    expect(await list(manager.token, user.id)).toMatchObject([{ current: false }]);
    expect((await end(manager.token, `${user.id}/sessions`)).status).toBe(204);
    expect([await isOpen(user.token), await isOpen(manager.token)]).toEqual([false, true]);
  });

  it("that are over are not shown", async () => {
    await open("Phone");
    server.advance(604_800_000);
    const { text: token } = await logIn(server, user.email, PASSWORD);
    const sessions = await list(token);
    expect(sessions.map(({ device }) => device)).not.toContain("Phone");
  });
});
