import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import { aDevice, aUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { anArtifact, ARTIFACTS, bucketObjects, storageRows } from "../support/artifacts.ts";
import {
  complaintsAbout,
  fill,
  jsonSchemaOf,
  plausibleBody,
  type Route,
  routesOf,
  segmentsOf,
  title,
} from "../support/hostile-calls.ts";
import {
  HOSTILE_BODIES,
  HOSTILE_HEADERS,
  HOSTILE_JSON,
  HOSTILE_QUERIES,
  HOSTILE_SEGMENTS,
  HOSTILE_TYPES,
  mutated,
  type Schemas,
} from "../support/hostile-values.ts";
import { many, TURN } from "../support/form.ts";
import { type Answer, type Call, env, FURTHER, OPERATOR_TOKEN, Server } from "../support/server.ts";

/** Takes everything away, the things of the other tests too. */
const RESET = "/api/operator/v1/factory-reset";

const MAX_TRIPS = 6;
const JSON_LIMIT = 1024 * 1024;

const document = makeGateway().getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } });
const schemas = (document.components?.schemas ?? {}) as Schemas;
const routes = routesOf(document.paths ?? {}).filter(({ path }) => path !== RESET);

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});

/** A call that happens to be a good one may have the tenant demand a second factor, and the users of later calls have none. */
afterEach(async () => {
  await env.DB.prepare("UPDATE tenants SET require_2fa = 0").run();
});

/** Takes some of the list by a count that goes on, so that all of it is taken in the course of the suite, by others in each run. */
function rotation<T>(list: readonly T[]): (count: number) => T[] {
  let next = TURN;
  return (count) => Array.from({ length: count }, () => list[next++ % list.length]!);
}

/** The caller a route is for, made anew for each: some of the calls may end its session. */
async function callerOf(path: string): Promise<{ token?: string }> {
  if (path.startsWith("/api/management/") && !path.endsWith("/auth/login")) return aUser(server);
  if (/^\/api\/(internal|operator)\//.test(path)) return { token: OPERATOR_TOKEN };
  if (path.startsWith("/api/devices/")) return aDevice(server);
  return {};
}

/** Things that exist, so that what is hostile about a call is the only thing wrong with it. */
async function thingsOf(path: string): Promise<Record<string, string>> {
  const [device, user] = [await aDevice(server), await aUser(server)];
  const ids = { tenant: "default", user: user.id, device: device.id, authSet: device.authSet };
  return segmentsOf(path, ids);
}

const recorded = async () =>
  (await env.DB.prepare(
    "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM audit_log) AS n",
  ).first<{
    n: number;
  }>())!.n;

function complaints(route: Route, answer: Answer): string[] {
  const { status, headers, text, cost } = answer;
  const about = complaintsAbout(route, { status, text, header: (name) => headers.get(name) });
  return cost.trips > MAX_TRIPS + 3 * FURTHER ? [...about, `${cost.trips} round trips`] : about;
}

interface Attack {
  what: string;
  path?: string;
  call: Call;
}

const json = (body: string, headers: Record<string, string> = {}): Call => ({
  body,
  headers: { "Content-Type": "application/json", ...headers },
});

const plausibleCall = (route: Route): Call => {
  const body = plausibleBody(route, schemas);
  return body === undefined ? {} : json(body);
};

/** How much of each list a route gets: every value is sent to many routes in the short form, and every route gets others in each run. */
const SHARE = {
  bodies: many(6, 2),
  types: many(3, 1),
  values: many(3, 1),
  segments: many(3, 1),
  queries: many(2, 1),
  headers: many(3, 1),
};
/** Of so many routes one gets a body that is too large. */
const TOO_LARGE = rotation([true, ...Array.from({ length: many(0, 7) }, () => false)]);

const some = {
  bodies: rotation(HOSTILE_BODIES),
  types: rotation(HOSTILE_TYPES),
  values: rotation(HOSTILE_JSON),
  segments: rotation(HOSTILE_SEGMENTS),
  queries: rotation(HOSTILE_QUERIES),
  headers: rotation(HOSTILE_HEADERS),
};

function* attacksByBody(route: Route): Generator<Attack> {
  const schema = jsonSchemaOf(route);
  if (!schema && (route.method === "GET" || route.method === "DELETE")) return;
  for (const body of some.bodies(SHARE.bodies)) yield { what: `body ${body.slice(0, 40)}`, call: json(body) };
  for (const type of some.types(SHARE.types)) {
    const headers: Record<string, string> = type === undefined ? {} : { "Content-Type": type };
    yield { what: `type ${type}`, call: { body: new TextEncoder().encode("{}"), headers } };
  }
  if (!schema) return;
  if (TOO_LARGE(1).includes(true)) yield { what: "too large", call: json(`"${"x".repeat(JSON_LIMIT - 1)}"`) };
  for (const mutation of mutated(schema, schemas)) {
    for (const value of some.values(SHARE.values)) {
      const body = mutation(value);
      yield { what: `body ${body.slice(0, 300)}`, call: json(body) };
    }
  }
}

function* attacksByAddress(route: Route, segments: Record<string, string>): Generator<Attack> {
  const call = plausibleCall(route);
  for (const [, name = ""] of route.path.matchAll(/\{(\w+)\}/g)) {
    for (const value of some.segments(SHARE.segments)) {
      const path = fill(route.path, { ...segments, [name]: value });
      yield { what: `${name} ${value.slice(0, 40)}`, path, call };
    }
  }
  if (route.method === "DELETE") return;
  const path = fill(route.path, segments);
  const names = (route.parameters ?? []).filter((p) => p.in === "query").map((p) => p.name);
  for (const name of new Set(["page", ...names])) {
    for (const value of some.queries(SHARE.queries)) {
      const query = `${name}=${value.replace("{}", name)}`;
      yield { what: `?${query.slice(0, 60)}`, path: `${path}?${query}`, call };
    }
    yield { what: `?${name}[]`, path: `${path}?${name}[]=1&${name}[a]=2&${name}`, call };
  }
}

function* attacks(route: Route, segments: Record<string, string>): Generator<Attack> {
  yield* attacksByBody(route);
  yield* attacksByAddress(route, segments);
  if (route.method === "DELETE") return;
  const call = plausibleCall(route);
  for (const headers of some.headers(SHARE.headers)) {
    yield {
      what: JSON.stringify(headers).slice(0, 60),
      call: { ...call, headers: { ...call.headers, ...headers } },
    };
  }
}

describe("whatever is sent", () => {
  it.each(routes.map((route) => [title(route), route] as const))(
    "%s answers with a clear refusal or does it, and a refusal leaves no trace",
    async (_, route) => {
      const { token } = await callerOf(route.path);
      const segments = await thingsOf(route.path);
      const path = fill(route.path, segments);
      const found: string[] = [];
      let before = await recorded();
      for (const attack of attacks(route, segments)) {
        const answer = await server.call(route.method, attack.path ?? path, { ...attack.call, token });
        const after = await recorded();
        const about = complaints(route, answer);
        if (answer.status >= 400 && after !== before)
          about.push(`${answer.status} left ${after - before} records`);
        before = after;
        found.push(...about.map((text) => `${attack.what}: ${text}`));
      }
      expect(found).toEqual([]);
    },
  );
});

describe("a body without a declared length", () => {
  const SEARCH = "/api/management/v2/inventory/filters/search";
  const send = async (method: string, body: ReadableStream, path = SEARCH): Promise<Response> => {
    const { token } = await aUser(server);
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const request = new Request(`https://edgemend.test${path}`, { method: "POST", headers, body });
    // Over the network any method may come with a body; no constructor makes such a request.
    const asSent = new Proxy(request, {
      get: (target, name) => {
        const value: unknown = name === "method" ? method : Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return server.fetch(asSent);
  };
  const streamOf = (...chunks: (string | Error)[]) => {
    const left = [...chunks];
    return new ReadableStream({
      pull(controller) {
        const chunk = left.shift();
        if (chunk === undefined) controller.close();
        else if (typeof chunk === "string") controller.enqueue(new TextEncoder().encode(chunk));
        else controller.error(chunk);
      },
    });
  };

  it("is read like any other", async () => {
    expect((await send("POST", streamOf("{", "}"))).status).toBe(200);
  });

  it("is refused once it is too large [differs: undeclared-length]", async () => {
    const chunks = Array.from({ length: 17 }, () => " ".repeat(64 * 1024));
    const response = await send("POST", streamOf(...chunks));
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { error: "http: request body too large" },
    ]);
  });

  it.each([
    "/api/management/v1/useradm/auth/login",
    "/api/management/v1/useradm/auth/password-reset/start",
    "/api/management/v2/tenantadm/tenants/trial",
  ])("is refused over 64 KiB where nobody knows who sends it: %s [differs: strangers-body]", async (path) => {
    const sent = (bytes: number) =>
      server.call("POST", path, {
        body: " ".repeat(bytes),
        headers: { "Content-Type": "application/json" },
      });
    const [most, more] = [await sent(64 * 1024), await sent(64 * 1024 + 1)];
    expect(most.status).not.toBe(413);
    expect(refusal(more)).toEqual([413, "http: request body too large"]);
  });

  it("is refused if it breaks off [differs: broken-body]", async () => {
    const response = await send("POST", streamOf("{", new Error("Network connection lost.")));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "unexpected EOF" });
  });

  it.each(["GET", "HEAD"])("does not disturb a %s", async (method) => {
    expect((await send(method, streamOf("hello"), "/api/management/v1/useradm/users/me")).status).toBe(200);
  });
});

describe("an upload", () => {
  it("that breaks off is refused and leaves nothing [differs: broken-body]", async () => {
    const { token } = await aUser(server);
    const before = await storageRows();
    const file = await anArtifact();
    const head = '--b\r\nContent-Disposition: form-data; name="artifact"; filename="a"\r\n\r\n';
    const pieces = [new TextEncoder().encode(head), file.slice(0, file.length / 2)];
    const body = new ReadableStream({
      pull(controller) {
        const piece = pieces.shift();
        if (piece) controller.enqueue(piece);
        else controller.error(new Error("Network connection lost."));
      },
    });
    const headers = { "Content-Type": "multipart/form-data; boundary=b" };
    const answer = await server.call("POST", ARTIFACTS, { token, headers, body });
    expect([answer.status, answer.json().error]).toEqual([400, "multipart: the body breaks off"]);
    expect([await storageRows(), await bucketObjects()]).toEqual([before, []]);
  });
});

describe("a fault", () => {
  const SEARCH = "/api/management/v2/inventory/filters/search";
  const errorOf = async (method: string, path: string, call: Call = {}) => {
    const answer = await server.call(method, path, { ...call, token: (await aUser(server)).token });
    return [answer.status, answer.json<{ error: string }>().error] as const;
  };

  it("is a body that is nested more than 128 levels [differs: json-depth]", async () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    const [, atTheLimit] = await errorOf("POST", SEARCH, json(nested(128)));
    expect(atTheLimit).not.toContain("depth");
    expect(await errorOf("POST", SEARCH, json(nested(129)))).toEqual([
      400,
      "failed to decode request body: exceeded max depth",
    ]);
  });

  it("tells behind its prefix what this parser says [differs: parser-words]", async () => {
    const body = '{"filters":x}';
    let words = "";
    try {
      JSON.parse(body);
    } catch (error) {
      words = (error as Error).message;
    }
    expect(words).not.toBe("");
    expect(await errorOf("POST", SEARCH, json(body))).toEqual([
      400,
      `failed to decode request body: ${words}`,
    ]);
    expect(await errorOf("POST", SEARCH, json('{"text":5}'))).toEqual([
      400,
      "failed to decode request body: Invalid input: expected string, received number at text",
    ]);
  });

  it("tells the first hundred problems of a body [differs: first-problems]", async () => {
    const path = "/api/management/v1/deployments/deployments";
    const { token } = await aUser(server);
    const problemsOf = async (wrong: number) => {
      const json = { name: "n", artifact_name: "a", devices: Array(wrong).fill("") };
      const answer = await server.call("POST", path, { token, json });
      expect(answer.status).toBe(400);
      return answer.json<{ error: string }>().error.split("; ").length;
    };
    expect([await problemsOf(99), await problemsOf(100), await problemsOf(101)]).toEqual([99, 100, 100]);
  });

  it("repeats what was sent up to 4,096 characters [differs: error-length]", async () => {
    const start = "unsupported limit ";
    const told = async (length: number) =>
      (await errorOf("GET", `/api/management/v2/devauth/limits/${"x".repeat(length)}`))[1].length;
    expect([await told(4096 - start.length), await told(4097 - start.length)]).toEqual([4096, 4096]);
  });
});

describe("a member that objects cannot have", () => {
  it.each([
    ["PUT", "/api/devices/v1/deviceconfig/configuration", "device"],
    ["PUT", "/api/management/v1/deviceconfig/configurations/device/d", "user"],
    ["PUT", "/api/management/v1/deviceconfig/configurations/group/g", "user"],
    ["POST", "/api/management/v1/useradm/settings", "user"],
    ["POST", "/api/management/v1/useradm/settings/me", "user"],
    ["POST", "/api/devices/v2/deployments/device/deployments/next", "device"],
  ])("is refused by %s %s and not dropped [differs: proto-member]", async (method, path, who) => {
    const server = await Server.start();
    const { token } = who === "device" ? await aDevice(server) : await aUser(server);
    const provides = '{"artifact_name":"r","device_type":"t","__proto__":"x"}';
    const body = path.endsWith("/next") ? `{"device_provides":${provides}}` : '{"a":"1","__proto__":"x"}';
    const answer = await server.call(method, path, {
      token,
      body,
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status, answer.text).toBe(400);
  });
});
