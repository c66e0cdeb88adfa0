import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dice } from "../clients/artifact-damage.ts";
import { cleanUp } from "../local/server-process.ts";
import { complaintsAbout, type Route, routesOf, SCIM, segmentsOf, title } from "../support/hostile-calls.ts";
import type { Schemas } from "../support/hostile-values.ts";
import { Attacker, type HostileCase } from "./support/cases.ts";
import { LONG, many, ONLY, SEEDS, tell } from "./support/form.ts";
import { Installation } from "./support/installation.ts";
import type { Sent } from "./support/wire.ts";

/** The short form takes a few routes by its seed: every route has its calls in `test/integration/hostile-input.test.ts`. */
const CASES = many(200, 10);
const SHORT_ROUTES = 12;
/** So many that the server is never idle. */
const LANES = LONG ? 32 : 6;

const MAX_MS = 1000;
/** A busy machine is slow once; what a hostile input makes slow is slow each time, */
const TRIES_ALONE = 5;
/** and far slower than a call beside it that costs next to nothing. */
const TIMES_A_CHEAP_ONE = 50;
const OPERATIONS_A_PROGRESS = 25;

/** Not in the document: itself, pages, and other spellings of what is. */
const PLAIN: Route[] = [
  ...["/", "/healthz", "/favicon.svg", "/api/docs", "/api/openapi.json", "/nowhere", "/api/nowhere"].map(
    (path) => ({ method: "GET", path }),
  ),
  { method: "POST", path: "/mcp" },
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
  const token = path.startsWith(SCIM)
    ? await installation.scimToken(tenant)
    : kind === undefined || path === RESET
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

/** As it was sent, to be sent again. */
interface Call {
  route: Route;
  about: HostileCase;
  token: string | undefined;
}

interface Tally {
  operations: number;
  calls: number;
  /** Answers by the first digit of their status. */
  classes: Map<string, number>;
  limited: number;
  slow: Call[];
  slowest: { ms: number; what: string };
  complaints: string[];
}

const send = ({ route, about: { path, headers, body }, token }: Call): Promise<Sent> =>
  installation.wire.send(route.method, path, { token, headers, body });

/** Told at once: a run of an hour may be ended before its end. */
function complain(tally: Tally, { route, about }: Call, text: string): void {
  const complaint = `${title(route)}:${about.what}: ${text}`;
  tally.complaints.push(complaint);
  tell(`${complaint} (${about.path.slice(0, 300)})`);
}

async function attack(route: Route, dice: Dice, tally: Tally): Promise<void> {
  const { token, things } = await arranged(route.path);
  const attacker = new Attacker(route, schemas, things, dice);
  for (let left = CASES; left > 0; left--) {
    const call = { route, about: attacker.next(), token };
    try {
      const answer = await send(call);
      tally.calls++;
      const kind = `${Math.floor(answer.status / 100)}xx`;
      tally.classes.set(kind, (tally.classes.get(kind) ?? 0) + 1);
      if (answer.status === 429) tally.limited++;
      for (const text of complaintsAbout(route, answer)) complain(tally, call, text);
      if (answer.ms > MAX_MS) tally.slow.push(call);
      else noteTime(tally, call, answer.ms);
    } catch (error) {
      complain(tally, call, String(error));
    }
  }
}

function noteTime(tally: Tally, { route, about }: Call, ms: number): void {
  if (ms > tally.slowest.ms) tally.slowest = { ms, what: `${title(route)}:${about.what.slice(0, 100)}` };
}

/** Sent again when nothing else is under way, each beside a cheap call: only this machine's other work is in the way of both. */
async function attackAlone(tally: Tally): Promise<void> {
  for (const call of tally.slow) {
    let [least, cheap] = [Infinity, 0];
    for (let left = TRIES_ALONE; left > 0 && least > MAX_MS; left--) {
      least = Math.min(least, (await send(call)).ms);
      cheap = Math.max(cheap, (await installation.wire.send("GET", "/healthz")).ms);
    }
    noteTime(tally, call, least);
    if (least > Math.max(MAX_MS, TIMES_A_CHEAP_ONE * cheap))
      complain(tally, call, `${Math.round(least)} ms, a cheap call ${Math.round(cheap)} ms`);
  }
}

function chosen(dice: Dice): Route[] {
  if (LONG) return routes;
  return Array.from({ length: SHORT_ROUTES }, () => routes[dice.below(routes.length)]!);
}

describe.each(SEEDS)("hostile calls of every operation (seed %d)", (seed) => {
  it("are done or refused in the error's shape, within a second, and leave the server sound", async () => {
    const dice = new Dice(seed);
    const left = chosen(dice)
      .map((route, index) => ({ route, dice: new Dice(seed + index) }))
      .filter(({ route }) => ONLY.test(title(route)));
    const count = left.length;
    const tally: Tally = {
      operations: 0,
      calls: 0,
      classes: new Map(),
      limited: 0,
      slow: [],
      slowest: { ms: 0, what: "" },
      complaints: [],
    };
    const started = performance.now();
    const rate = () => Math.round(tally.calls / ((performance.now() - started) / 1000));
    const lane = async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        await attack(next.route, next.dice, tally);
        if (LONG && ++tally.operations % OPERATIONS_A_PROGRESS === 0)
          tell(`${tally.operations} of ${count} operations, ${tally.calls} calls, ${rate()} a second`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const ratePerS = rate();
    await attackAlone(tally);
    const { calls, classes, limited, slow, slowest, complaints } = tally;
    const answers = [...classes]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([kind, times]) => `${kind} × ${times}`);
    tell(
      `${calls} hostile calls of ${count} operations (seed ${seed}): ${answers.join(", ")}; ${limited} by a limit, ` +
        `${complaints.length} complaints, ${ratePerS} a second, ${slow.length} slow ones repeated alone, ` +
        `slowest ${Math.round(slowest.ms)} ms (${slowest.what})`,
    );
    expect(complaints).toEqual([]);
    expect((await installation.wire.send("GET", "/healthz")).status).toBe(200);
    expect(installation.faults).toEqual([]);
  });
});
