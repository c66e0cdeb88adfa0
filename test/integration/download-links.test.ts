import { beforeEach, describe, expect, it, vi } from "vitest";
import { RECHECK_MS } from "../../src/platform/recheck.ts";
import { aDevice, aUser, logIn, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, ARTIFACTS, idOf, noise, upload } from "../support/artifacts.ts";
import { deploy, inInventory, poll, report } from "../support/deployments.ts";
import { afterStart, OPERATOR_TOKEN, Server } from "../support/server.ts";

const DEVAUTH = "/api/management/v2/devauth";
const USERADM = "/api/management/v1/useradm";
/** What is known of a link is kept for five seconds. */
const KNOWN_FOR_MS = 4_000;
const HOUR_MS = 3_600_000;

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const get = (uri: string, headers: Record<string, string> = {}) => server.call("GET", uri, { headers });
const text = async (uri: string, headers: Record<string, string> = {}) => {
  const answer = await get(uri, headers);
  return answer.status < 300 ? String(answer.status) : `${answer.status} ${String(answer.json().error)}`;
};

describe("the link given to a device", () => {
  let device: TestDevice;
  let deployment: string;
  let uri: string;
  const ask = async () => {
    const offered = (await poll(server, device)).json<{
      artifact: { source: { uri: string; expire: string } };
    }>();
    return offered.artifact.source;
  };
  beforeEach(async () => {
    device = await aDevice(server);
    await inInventory(server, [device]);
    const content = noise(2 * 1024 * 1024);
    const bytes = await anArtifact({
      name: "release-2",
      deviceTypes: ["pi4"],
      files: [{ name: "image", content }],
    });
    idOf(await upload(server, bytes, user));
    deployment = await deploy(server, user, [device]);
    ({ uri } = await ask());
    await report(server, device, deployment, "downloading");
    expect(await text(uri, { Range: "bytes=0-9" })).toBe("206");
  });

  const manage = async (method: string, path: string, json?: unknown) => {
    const answer = await server.call(method, path, { token: user.token, ...(json ? { json } : {}) });
    expect(answer.status).toBe(204);
    await server.deliverEvents();
  };
  const ENDS: Record<string, () => Promise<unknown>> = {
    "is rejected": () =>
      manage("PUT", `${DEVAUTH}/devices/${device.id}/auth/${device.authSet}/status`, { status: "rejected" }),
    "is decommissioned": () => manage("DELETE", `${DEVAUTH}/devices/${device.id}`),
    "has succeeded": () => report(server, device, deployment, "success"),
    "has failed": () => report(server, device, deployment, "failure"),
    "lost its deployment": () =>
      manage("PUT", `/api/management/v1/deployments/deployments/${deployment}/status`, { status: "aborted" }),
    "has its tenant suspended": () =>
      server.call("PUT", `/api/operator/v1/tenants/${device.tenant}/status`, {
        token: OPERATOR_TOKEN,
        json: { status: "suspended" },
      }),
  };

  it.each(Object.keys(ENDS))("is dead within seconds when it %s [differs: link-revoked]", async (end) => {
    await ENDS[end]!();
    server.advance(KNOWN_FOR_MS);
    expect(await text(uri)).toBe("403 URL revoked");
    expect(await text(uri, { Range: "bytes=10-19" })).toBe("403 URL revoked");
  });

  it("lives an hour, and the next check brings another [differs: device-link-life]", async () => {
    expect((await ask()).expire).toBe(afterStart(HOUR_MS));
    server.advance(HOUR_MS - 1);
    expect(await text(uri)).toBe("200");
    server.advance(1);
    expect(await text(uri)).toBe("403 URL expired");
    const renewed = await ask();
    expect(renewed.expire).toBe(afterStart(2 * HOUR_MS));
    expect(await text(renewed.uri)).toBe("200");
  });

  it("lets a download that it began be resumed for a day, because a client cannot ask in between", async () => {
    server.advance(HOUR_MS);
    expect(await text(uri, { Range: "bytes=10-" })).toBe("206");
    expect(await text(uri, { Range: "bytes=10-19", "If-Range": '"other"' })).toBe("403 URL expired");
    expect(await text(uri, { Range: "bytes=0-19" })).toBe("403 URL expired");
    server.advance(23 * HOUR_MS - 1);
    expect(await text(uri, { Range: "bytes=10-" })).toBe("206");
    server.advance(1);
    expect(await text(uri, { Range: "bytes=10-" })).toBe("403 URL expired");
  });

  it("is not resumed after its time when the download is over", async () => {
    server.advance(HOUR_MS);
    await report(server, device, deployment, "installing");
    expect(await text(uri, { Range: "bytes=10-" })).toBe("403 URL expired");
  });

  it("has a transfer cut that goes on when its right is gone", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const response = await server.fetch(new Request(uri));
      const reader = response.body!.getReader();
      expect((await reader.read()).done).toBe(false);
      await vi.advanceTimersByTimeAsync(RECHECK_MS);
      expect((await reader.read()).done).toBe(false);
      await ENDS["is rejected"]!();
      await vi.advanceTimersByTimeAsync(RECHECK_MS);
      const rest = async () => {
        while (!(await reader.read()).done);
      };
      await expect(rest()).rejects.toThrow();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the link given to a user", () => {
  it.each([
    ["logs out", (token: string) => server.call("POST", `${USERADM}/auth/logout`, { token })],
    [
      "is deleted",
      (_: string, id: string) => server.call("DELETE", `${USERADM}/users/${id}`, { token: user.token }),
    ],
    [
      "may no longer read artifacts",
      (_: string, id: string) =>
        server.call("PUT", `${USERADM}/users/${id}`, {
          token: user.token,
          json: { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] },
        }),
    ],
  ] as const)("is dead within seconds when the user %s", async (_, end) => {
    const other = await aUser(server, { password: "correct horse" });
    const token = (await logIn(server, other.email, "correct horse")).text;
    const id = idOf(await upload(server, await anArtifact(), user));
    const { uri } = (await server.call("GET", `${ARTIFACTS}/${id}/download`, { token })).json<{
      uri: string;
    }>();
    expect(await text(uri)).toBe("200");
    expect((await end(token, other.id)).status).toBeLessThan(300);
    server.advance(KNOWN_FOR_MS);
    expect(await text(uri)).toBe("403 URL revoked");
  });
});

describe("conditions on a download", () => {
  let links: string[];
  beforeEach(async () => {
    const device = await aDevice(server);
    await inInventory(server, [device]);
    const id = idOf(await upload(server, await anArtifact(), user));
    const artifact = (await server.call("GET", `${ARTIFACTS}/${id}/download`, { token: user.token })).json<{
      uri: string;
    }>().uri;
    const configuration = crypto.randomUUID();
    const path = `/api/internal/v1/deployments/tenants/default/configuration/deployments/${configuration}/devices/${device.id}`;
    const json = { name: "configuration-1", configuration: { key: "value" } };
    expect((await server.call("POST", path, { token: OPERATOR_TOKEN, json })).status).toBe(201);
    const next = (await poll(server, device)).json<{ artifact: { source: { uri: string } } }>();
    links = [artifact, next.artifact.source.uri];
  });

  it("hold for artifacts and configurations alike [differs: link-conditions]", async () => {
    for (const uri of links) {
      const whole = await get(uri);
      const [etag, date] = [whole.headers.get("etag")!, whole.headers.get("last-modified")!];
      expect(etag).toMatch(/^"[-0-9a-f]{36,64}"$/);
      expect(Date.parse(date)).toBe(Math.floor(server.now / 1000) * 1000);
      const before = new Date(Date.parse(date) - 1000).toUTCString();
      const [range, asked] = [
        { Range: "bytes=0-9" },
        (headers: Record<string, string>) => text(uri, headers),
      ];
      expect(await asked({ "If-Match": etag, ...range })).toBe("206");
      expect(await asked({ "If-Match": '"other"' })).toBe("412 precondition failed");
      expect(await asked({ "If-Unmodified-Since": date })).toBe("200");
      expect(await asked({ "If-Unmodified-Since": before })).toBe("412 precondition failed");
      expect(await asked({ "If-Modified-Since": before })).toBe("200");
      expect(await asked({ "If-Range": etag, ...range })).toBe("206");
      expect(await asked({ "If-Range": date, ...range })).toBe("206");
      expect(await asked({ "If-Range": '"other"', ...range })).toBe("200");
      for (const condition of [{ "If-None-Match": `W/${etag}` }, { "If-Modified-Since": date }]) {
        for (const method of ["GET", "HEAD"]) {
          const unchanged = await server.call(method, uri, { headers: { ...condition, ...range } });
          expect([unchanged.status, unchanged.text, unchanged.headers.get("etag")]).toEqual([304, "", etag]);
        }
      }
    }
  });
});

describe("names that no artifact can carry", () => {
  const longest = "ü".repeat(128);
  const SPOILT = [`${longest}x`, "a\nb", "a\u0000", "tab\t", ".", ".."];
  const askAs = (device: TestDevice, type: string) => {
    const query = new URLSearchParams({ artifact_name: "a", device_type: type }).toString();
    const names = { artifact_name: "a", device_type: type };
    const [v1, v2] = ["v1", "v2"].map((v) => `/api/devices/${v}/deployments/device/deployments/next`) as [
      string,
      string,
    ];
    const { token } = device;
    return Promise.all([
      server.call("GET", `${v1}?${query}`, { token }),
      server.call("POST", v1, { token, json: names }),
      server.call("POST", v2, { token, json: { device_provides: names } }),
    ]);
  };
  const configure = (device: TestDevice, name: string) =>
    server.call(
      "POST",
      `/api/internal/v1/deployments/tenants/default/configuration/deployments/${crypto.randomUUID()}/devices/${device.id}`,
      { token: OPERATOR_TOKEN, json: { name, configuration: { key: "value" } } },
    );

  it("are refused when a device tells its type, and when a configuration is deployed [differs: names-of-artifacts]", async () => {
    const device = await aDevice(server);
    for (const type of SPOILT) {
      const statuses = (await askAs(device, type)).map(({ status }) => status);
      expect([type, ...statuses]).toEqual([type, 400, 400, 400]);
    }
    for (const name of SPOILT.filter((text) => !/^\.+$/.test(text))) {
      expect([name, (await configure(device, name)).status]).toEqual([name, 400]);
    }
  });

  it("do not include the longest, nor ones that need escaping", async () => {
    for (const text of [longest, "a/b?c=%2F #1", "..."]) {
      const device = await aDevice(server);
      expect((await configure(device, text)).status).toBe(201);
      const [next] = await askAs(device, text);
      const { uri } = next!.json<{ artifact: { source: { uri: string } } }>().artifact.source;
      expect(await text200(uri)).toContain(JSON.stringify(text).slice(1, -1));
    }
  });

  const text200 = async (uri: string) => {
    const answer = await get(uri);
    expect(answer.status).toBe(200);
    return answer.text;
  };
});
