/**
 * What tenants notice of another one, by `npm run bench:neighbours -- [REQUESTS PER SECOND]`: ten tenants on three databases,
 * each with its share of requests, and in every second round one of them with a hundred times as many. A local server has one
 * thread for all that: how busy it was is told, since beyond about a third of it what is measured is that thread.
 */
import { Agent, request } from "node:http";
import { SimulatedDevice } from "../src/device-simulator/device.ts";
import { call, expecting } from "./calls.ts";
import { inParallel, percentile, startLocalServer } from "./local-server.ts";
import { cpuMsOf, runtimeOf } from "./process-cpu.ts";

const TENANTS = 10;
const TIMES = 100;
const SHARE_PER_S = Number(process.argv[2] ?? 0.5);
const ROUNDS = 8;
const ROUND_MS = 10_000;
const DEVICES = 8;
/** Of the one with a hundred times as many, so that none of its devices asks more often than a device may. */
const DEVICES_OF_LOUD = 120;
/** What the others' p99 may grow by. */
const GOAL = 1.2;
const PASSWORD = "correct horse battery";
const ADMISSION = "/api/management/v2/devauth/devices";
const CHECK = "/api/devices/v1/deployments/device/deployments/next?artifact_name=factory&device_type=bench";
const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const SEARCH = "/api/management/v2/inventory/filters/search";

interface Tenant {
  user: string;
  devices: string[];
}

const server = await startLocalServer(undefined, {}, ["--databases", "3"]);
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

const operate = (method: string, path: string, json?: unknown) =>
  call(server, method, `/api/operator/v1${path}`, server.operatorToken, json);

async function makeTenant(number: number): Promise<Tenant> {
  const user = `boss-${number}@example.com`;
  const made = await expecting(
    201,
    operate("POST", "/tenants", { name: `tenant-${number}`, user, password: PASSWORD }),
  );
  const { tenant_token: tenantToken } = JSON.parse(made.text) as { tenant_token: string };
  const basic = Buffer.from(`${user}:${PASSWORD}`).toString("base64");
  const login = await fetch(`${server.url}/api/management/v1/useradm/auth/login`, {
    method: "POST",
    headers: { Authorization: `Basic ${basic}` },
  });
  const token = await login.text();
  const members = Array.from(
    { length: number === 0 ? DEVICES_OF_LOUD : DEVICES },
    () => new SimulatedDevice({ serverUrl: server.url, tenantToken, deviceType: "bench" }),
  );
  const devices = await inParallel(members, 8, async (device) => {
    const json = { identity_data: device.identity, pubkey: device.keys.publicPem };
    await expecting(201, call(server, "POST", ADMISSION, token, json));
    if (!(await device.authenticate())) throw new Error("a device is not let in");
    await device.reportInventory([{ name: "hostname", value: `bench-${number}` }]);
    return device.token ?? "";
  });
  return { user: token, devices };
}

interface Answer {
  ms: number;
  status: number;
}

const ask = (method: string, path: string, token: string, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const begun = performance.now();
    const sent = request(
      server.url + path,
      {
        method,
        agent,
        headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve({ ms: performance.now() - begun, status: answer.statusCode ?? 0 }));
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });

let turns = 0;

/** Of ten requests five are checks, four are reports in which one value changed, and one is a search. */
function oneOf({ devices, user }: Tenant): Promise<Answer> {
  const turn = turns++;
  const device = devices[turn % devices.length] ?? "";
  const kind = Math.floor(turn / devices.length) % 10;
  if (kind < 5) return ask("GET", CHECK, device);
  if (kind < 9) return ask("PATCH", INVENTORY, device, JSON.stringify([{ name: "load", value: turn }]));
  return ask("POST", SEARCH, user, JSON.stringify({ page: 1, per_page: 20, filters: [] }));
}

/** Sends what is due at the moment it is due, whether or not the server keeps up. */
async function load(tenant: Tenant, perSecond: number): Promise<Answer[]> {
  const open: Promise<Answer>[] = [];
  const begun = performance.now() + Math.random() * (1000 / perSecond);
  for (let sent = 0; performance.now() < begun + ROUND_MS;) {
    for (; begun + (sent * 1000) / perSecond <= performance.now(); sent++) open.push(oneOf(tenant));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return Promise.all(open);
}

const times = (answers: readonly Answer[]) => answers.map(({ ms }) => ms);

try {
  const tenants = await inParallel(
    Array.from({ length: TENANTS }, (_, i) => i),
    1,
    makeTenant,
  );
  const [loud, ...others] = tenants;
  if (!loud) throw new Error("there are no tenants");
  const heard: Record<"quiet" | "loud", Answer[]> = { quiet: [], loud: [] };
  const own: Answer[] = [];
  const usedMs = { quiet: 0, loud: 0 };
  const runtime = runtimeOf(server.pid);
  for (let round = 0; round <= ROUNDS * 2; round++) {
    const name = round % 2 === 0 ? "loud" : "quiet";
    const cpuMs = cpuMsOf(runtime);
    const [answers, ...rest] = await Promise.all([
      load(loud, name === "loud" ? SHARE_PER_S * TIMES : SHARE_PER_S),
      ...others.map((tenant) => load(tenant, SHARE_PER_S)),
    ]);
    if (round === 0) continue; // not measured: everything is for the first time
    if (name === "loud") own.push(...answers);
    heard[name].push(...rest.flat());
    usedMs[name] += cpuMsOf(runtime) - cpuMs;
  }
  const wrong = [...heard.quiet, ...heard.loud].filter(({ status }) => status >= 400).length;
  const [quiet, busy] = [percentile(times(heard.quiet), 0.99), percentile(times(heard.loud), 0.99)];
  const refused = own.filter(({ status }) => status === 429).length;
  const failed = own.filter(({ status }) => status >= 500).length;
  const busyShare = (name: "quiet" | "loud") => `${((usedMs[name] / ROUNDS / ROUND_MS) * 100).toFixed(0)} %`;
  const line = (name: string, answers: readonly Answer[]) =>
    `${name}: ${answers.length} requests, p50 ${percentile(times(answers), 0.5).toFixed(1)} ms, p99 ${percentile(times(answers), 0.99).toFixed(1)} ms`;
  console.log(line("others, each with its share", heard.quiet));
  console.log(line(`others, beside one with ${TIMES} times its share`, heard.loud));
  console.log(`${line("that one", own)}, ${refused} × 429, ${failed} × 5xx`);
  console.log(`the server's thread was busy ${busyShare("quiet")}, and ${busyShare("loud")} with the one`);
  console.log(
    `p99 of the others: ${(busy / quiet).toFixed(2)} times (at most ${GOAL}), ${wrong} refused or failed`,
  );
  if (busy / quiet > GOAL || wrong > 0 || failed > 0) process.exitCode = 1;
} finally {
  agent.destroy();
  await server.stop();
}
