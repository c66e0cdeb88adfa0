import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dice } from "../clients/artifact-damage.ts";
import { cleanUp } from "../local/server-process.ts";
import { complaintsAbout, type Route, routesOf, segmentsOf, title } from "../support/hostile-calls.ts";
import type { Schemas } from "../support/hostile-values.ts";
import { Attacker, type HostileCase } from "./support/cases.ts";
import { LONG, many, SEEDS, tell } from "./support/form.ts";
import { Gate } from "./support/gate.ts";
import { Installation } from "./support/installation.ts";
import type { Sent } from "./support/wire.ts";

/** The short form takes a few routes by its seed: every route has its calls in `test/integration/hostile-input.test.ts`. */
const CASES = many(200, 10);
const SHORT_ROUTES = 12;
/** So many that the server is never idle. */
const LANES = LONG ? 16 : 6;

const MAX_MS = 1000;
/** A busy machine is slow once; what a hostile input makes slow is slow each time. */
const TRIES_ALONE = 3;

/** Not in the document: itself, pages, and other spellings of what is. */
const PLAIN: Route[] = [
  ...["/", "/healthz", "/favicon.svg", "/api/docs", "/api/openapi.json", "/nowhere", "/api/nowhere"].map(
    (path) => ({ method: "GET", path }),
  ),
  { method: "PUT", path: "/api/devices/v1/inventory/device/{name}" },
  { method: "PATCH", path: "/api/devices/v1/inventory/device/{name}" },
  { method: "GET", path: "/api/management/v1/deployments/limits/{name}" },
];

/** Takes everything away, so that only strangers try it. */
const RESET = "/api/operator/v1/factory-reset";

/** The limits have their own tests; here each call has to be looked at. */
const WITHOUT_LIMITS = {
  DEVICE_REQUESTS_PER_MINUTE: 0,
  ADDRESS_REQUESTS_PER_MINUTE: 0,
  WAITING_PER_ADDRESS_PER_HOUR: 0,
  TENANT_WORK_PER_S: 0,
  TENANT_MANAGEMENT_PER_S: 0,
  TENANT_DATABASE_MS_PER_S: 0,
  PASSWORD_COST_LN: 10,
};

let installation: Installation;
let routes: Route[];
let schemas: Schemas;

beforeAll(async () => {
  installation = await Installation.start(WITHOUT_LIMITS);
  const document = JSON.parse((await installation.wire.send("GET", "/api/openapi.json")).text) as {
    paths: object;
    components: { schemas: Schemas };
  };
  schemas = document.components.schemas;
  routes = [...routesOf(document.paths), ...PLAIN];
});

afterAll(cleanUp);

/** The caller that a route is for, in a tenant of its own with something in it. */
async function arranged(path: string) {
  const tenant = await installation.tenant();
  const device = await installation.device(tenant);
  const kind = /^\/api\/(management|devices|internal|operator|v1)\/|^\/status$/.exec(path)?.[1];
  const tokens: Record<string, string | undefined> = {
    management: path.endsWith("/auth/login") ? undefined : tenant.manager.token,
    devices: device.token,
  };
  const token =
    kind === undefined || path === RESET
      ? undefined
      : kind in tokens
        ? tokens[kind]
        : installation.operatorToken;
  device.close();
  const ids = {
    tenant: tenant.id,
    user: tenant.manager.id,
    device: device.id ?? "",
    authSet: device.id ?? "",
  };
  return { token, things: segmentsOf(path, ids) };
}

interface Tally {
  calls: number;
  /** Answers by the first digit of their status. */
  classes: Map<string, number>;
  limited: number;
  repeated: number;
  slowest: { ms: number; what: string };
  complaints: string[];
}

const gate = new Gate();

const send = (route: Route, { path, headers, body }: HostileCase, token: string | undefined): Promise<Sent> =>
  installation.wire.send(route.method, path, { token, headers, body });

/** Sent again while nothing else is under way. */
const leastAlone = (route: Route, about: HostileCase, token: string | undefined): Promise<number> =>
  gate.alone(async () => {
    let least = Infinity;
    for (let left = TRIES_ALONE; left > 0 && least > MAX_MS; left--)
      least = Math.min(least, (await send(route, about, token)).ms);
    return least;
  });

async function attack(route: Route, dice: Dice, tally: Tally): Promise<void> {
  const { token, things } = await arranged(route.path);
  const attacker = new Attacker(route, schemas, things, dice);
  for (let left = CASES; left > 0; left--) {
    const about = attacker.next();
    const note = (text: string) => tally.complaints.push(`${title(route)}:${about.what}: ${text}`);
    try {
      const answer = await gate.together(() => send(route, about, token));
      tally.calls++;
      const kind = `${Math.floor(answer.status / 100)}xx`;
      tally.classes.set(kind, (tally.classes.get(kind) ?? 0) + 1);
      if (answer.status === 429) tally.limited++;
      complaintsAbout(route, answer).forEach(note);
      const isSlow = answer.ms > MAX_MS;
      if (isSlow) tally.repeated++;
      const ms = isSlow ? await leastAlone(route, about, token) : answer.ms;
      if (ms > tally.slowest.ms) tally.slowest = { ms, what: `${title(route)}:${about.what.slice(0, 100)}` };
      if (ms > MAX_MS) note(`${Math.round(ms)} ms`);
    } catch (error) {
      note(String(error));
    }
  }
}

function chosen(dice: Dice): Route[] {
  if (LONG) return routes;
  return Array.from({ length: SHORT_ROUTES }, () => routes[dice.below(routes.length)]!);
}

describe.each(SEEDS)("hostile calls of every operation (seed %d)", (seed) => {
  it("are done or refused in the error's shape, within a second, and leave the server sound", async () => {
    const dice = new Dice(seed);
    const left = chosen(dice).map((route, index) => ({ route, dice: new Dice(seed + index) }));
    const count = left.length;
    const tally: Tally = {
      calls: 0,
      classes: new Map(),
      limited: 0,
      repeated: 0,
      slowest: { ms: 0, what: "" },
      complaints: [],
    };
    const lane = async () => {
      for (let next = left.pop(); next; next = left.pop()) await attack(next.route, next.dice, tally);
    };
    const started = performance.now();
    await Promise.all(Array.from({ length: LANES }, lane));
    const rate = Math.round(tally.calls / ((performance.now() - started) / 1000));
    const { calls, classes, limited, repeated, slowest, complaints } = tally;
    const answers = [...classes]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([kind, times]) => `${kind} × ${times}`);
    tell(
      `${calls} hostile calls of ${count} operations (seed ${seed}): ${answers.join(", ")}; ${limited} by a limit, ` +
        `${complaints.length} complaints, ${rate} a second, ${repeated} slow ones repeated alone, ` +
        `slowest ${Math.round(slowest.ms)} ms (${slowest.what})`,
    );
    expect(complaints).toEqual([]);
    expect((await installation.wire.send("GET", "/healthz")).status).toBe(200);
    expect(installation.faults).toEqual([]);
  });
});
