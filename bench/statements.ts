import { rm } from "node:fs/promises";
import { fleetId } from "./seed-inventory.ts";
import { addRelease } from "./measure/management.ts";
import { GREAT_DEPLOYMENT, seedGreatFleet } from "./great-fleet.ts";
import { newDataFolder, startLocalServer, type LocalServer } from "./local-server.ts";

/**
 * The longest statement of every list, search, count, grouping and report, over a fleet that fills a database. The database does
 * one thing after the other: whatever takes long there, everybody waits for.
 *
 *   node bench/statements.ts [devices] [--data FOLDER: that of a fleet made before] [--only PART OF A NAME]
 *     [--minutes MINUTES: of duties and jobs afterwards, 5 if not given]
 */
const [devices = "1000000"] = process.argv.slice(2).filter((arg) => /^\d+$/.test(arg));
const optionOf = (name: string) =>
  process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined;
const kept = optionOf("--data");
const only = optionOf("--only");
const minutes = Number(optionOf("--minutes") ?? 5);
const MS_ALLOWED = 50;
const ROWS_ALLOWED = 1000;

const M1 = "/api/management/v1";
const M2 = "/api/management/v2";

interface Route {
  name: string;
  path: string;
  body?: unknown;
}

const term = (path: string, type: string, value: unknown) => {
  const [scope = "", ...attribute] = path.split("/");
  return { scope, attribute: attribute.join("/"), type, value };
};
const by = (path: string, order = "asc") => {
  const [scope = "", ...attribute] = path.split("/");
  return { scope, attribute: attribute.join("/"), order };
};
const get = (path: string): Route => ({ name: `GET ${path}`, path });
const post = (name: string, path: string, body: unknown): Route => ({ name, path, body });
const search = (name: string, body: object) =>
  post(`search: ${name}`, `${M2}/inventory/filters/search`, { per_page: 20, ...body });
const report = (name: string, body: object) =>
  post(`report: ${name}`, `${M1}/reporting/devices/search`, { per_page: 20, ...body });
const buckets = (name: string, body: object) =>
  post(`aggregate: ${name}`, `${M1}/reporting/devices/aggregate`, body);
const level = (attribute: string, further: object = {}) => ({
  name: attribute,
  scope: "inventory",
  attribute,
  ...further,
});

const accepted = term("identity/status", "$eq", "accepted");
const quarter = term("inventory/device_type", "$eq", "raspberrypi4");
const eighth = term("inventory/artifact_name", "$eq", "release-3");
const offline = term("system/check_in_time", "$ltne", "2026-11-17T00:00:00Z");
const longOffline = term("system/check_in_time", "$lt", "2026-11-15T00:10:00Z");

const ROUTES: Route[] = [
  get(`${M1}/inventory/devices?per_page=20`),
  get(`${M1}/inventory/devices?per_page=500`),
  get(`${M1}/inventory/devices?page=500&per_page=20`),
  get(`${M1}/inventory/devices?page=2000&per_page=500`),
  get(`${M1}/inventory/devices?sort=inventory/hostname:asc`),
  get(`${M1}/inventory/devices?sort=system/updated_ts:desc`),
  get(`${M1}/inventory/devices?sort=tags/name:asc`),
  get(`${M1}/inventory/devices?has_group=false`),
  get(`${M1}/inventory/devices?group=group-7&sort=inventory/temperature:desc`),
  get(`${M1}/inventory/devices?inventory/kernel=6.6.51`),
  get(`${M1}/inventory/groups`),
  get(`${M1}/inventory/groups/group-7/devices?per_page=500`),
  get(`${M1}/inventory/groups/group-7/devices?page=20&per_page=500`),
  get(`${M1}/inventory/groups?status=accepted`),
  get(`${M1}/inventory/devices/${fleetId(5)}`),
  get(`${M1}/inventory/presence`),
  get(`${M2}/inventory/statistics`),
  get(`${M2}/inventory/filters`),
  get(`${M2}/inventory/filters/attributes`),
  search("all", {}),
  search("page 500 of all", { page: 500 }),
  search("page 2,000 of 500", { page: 2000, per_page: 500 }),
  search("accepted", { filters: [accepted] }),
  search("pending", { filters: [term("identity/status", "$eq", "pending")] }),
  search("accepted, newest first", { filters: [accepted], sort: [by("system/updated_ts", "desc")] }),
  search("one device", { filters: [term("inventory/hostname", "$eq", "oslo-gw-0")] }),
  search("a quarter", { filters: [quarter] }),
  search("a quarter and an eighth", { filters: [quarter, eighth] }),
  search("a quarter, page 900 of 250", { filters: [quarter], page: 900, per_page: 250 }),
  search("seven conditions with few devices", {
    filters: [
      quarter,
      eighth,
      term("inventory/site", "$eq", "lima"),
      term("inventory/kernel", "$eq", "6.12.9"),
      term("inventory/mender_client_version", "$eq", "5.0.1"),
      term("system/group", "$eq", "group-3"),
      accepted,
    ],
  }),
  search("nobody: a quarter and what it never has", {
    filters: [
      quarter,
      term("inventory/hostname", "$regex", "^osaka-gw-1.*9$"),
      term("inventory/temperature", "$gt", 79.9),
    ],
  }),
  search("range", { filters: [term("inventory/temperature", "$gt", 40)] }),
  search("range with its sort", {
    filters: [term("inventory/temperature", "$gt", 40)],
    sort: [by("inventory/temperature")],
  }),
  search("range of nobody with another sort", {
    filters: [term("inventory/temperature", "$gt", 79.99), quarter],
    sort: [by("inventory/hostname")],
  }),
  search("sort by two, great ties", {
    sort: [by("inventory/device_type"), by("inventory/hostname", "desc")],
  }),
  search("not equal", { filters: [term("inventory/device_type", "$ne", "raspberrypi4")] }),
  search("not among", { filters: [term("inventory/site", "$nin", ["berlin", "paris"])] }),
  search("among two", { filters: [term("inventory/site", "$in", ["berlin", "paris"])] }),
  search("exists", { filters: [term("tags/name", "$exists", true)] }),
  search("does not exist", { filters: [term("tags/name", "$exists", false)] }),
  search("expression on 8 values", { filters: [term("inventory/artifact_name", "$regex", "-[12]$")] }),
  search("offline", { filters: [offline], per_page: 1 }),
  search("offline and accepted", { filters: [accepted, offline] }),
  search("long offline", { filters: [longOffline] }),
  search("in groups", { filters: [accepted, term("system/group", "$in", ["group-1", "group-2"])] }),
  search("in no group of 40", {
    filters: [
      accepted,
      term(
        "system/group",
        "$nin",
        Array.from({ length: 40 }, (_, i) => `group-${i}`),
      ),
    ],
  }),
  search("either of two", { any: [[quarter, eighth], [term("inventory/site", "$eq", "lima")]] }),
  search("list member", { filters: [term("inventory/ipv4_eth0", "$eq", "10.0.18.103/8")] }),
  search("5,000 named devices", { device_ids: Array.from({ length: 5000 }, (_, i) => fleetId(i * 7)) }),
  search("text: one device", { text: "unit 4711 berlin" }),
  search("text: an eighth", { text: "berlin" }),
  search("text: everybody", { text: "poky" }),
  search("text: a beginning", { text: "berl*" }),
  search("text: a beginning of two", { text: "be*" }),
  search("text: a beginning of one", { text: "b*" }),
  search("text: a digit", { text: "1*" }),
  search("text: an eighth, page 3000", { text: "berlin", page: 3000 }),
  search("text: an eighth, accepted", { text: "berlin", filters: [accepted] }),
  search("text: an eighth, nobody", {
    text: "berlin",
    filters: [term("inventory/temperature", "$gt", 79.99), quarter],
  }),
  search("text: sixteen words", {
    text: "poky yocto project reference distro arm cortex berlin paris oslo lima nairobi osaka austin perth unit",
  }),
  report("accepted", {
    filters: [{ scope: "identity", attribute: "status", type: "$eq", value: "accepted" }],
  }),
  report("place", {
    geo_bounding_box_filter: {
      geo_bounding_box: { location: { top_left: { lat: 60, lon: 0 }, bottom_right: { lat: 40, lon: 20 } } },
    },
  }),
  get(`${M1}/reporting/devices/attributes`),
  get(`${M1}/reporting/devices/search/attributes`),
  buckets("eight values", { aggregations: [level("artifact_name")] }),
  buckets("of a quarter", { aggregations: [level("artifact_name")], filters: [quarter] }),
  buckets("a value each", { aggregations: [level("hostname")] }),
  buckets("nested", { aggregations: [level("artifact_name", { aggregations: [level("device_type")] })] }),
  buckets("status by group", {
    aggregations: [
      {
        name: "s",
        scope: "identity",
        attribute: "status",
        aggregations: [{ name: "g", scope: "system", attribute: "group" }],
      },
    ],
  }),
  post("deployments by device: search", `${M1}/reporting/deployments/devices/search`, { per_page: 20 }),
  post("deployments by device: aggregate", `${M1}/reporting/deployments/devices/aggregate`, {
    aggregations: [{ name: "s", attribute: "device_status" }],
  }),
  get(`${M1}/console/boot`),
  get(`${M1}/console/home`),
  get(`${M1}/console/devices/${fleetId(5)}`),
  get(`${M1}/console/releases/adoption`),
  get(`${M1}/console/releases/release-3/adoption`),
  get(`${M1}/console/attributes/values?scope=inventory&name=hostname&prefix=os`),
  get(`${M1}/console/attributes/values?scope=inventory&name=site`),
  get(`${M2}/devauth/devices?per_page=500`),
  get(`${M2}/devauth/devices?page=2000&per_page=500`),
  get(`${M2}/devauth/devices?status=pending&per_page=500`),
  get(`${M2}/devauth/devices?status=accepted&page=1900&per_page=500`),
  get(`${M2}/devauth/devices/count`),
  get(`${M2}/devauth/devices/count?status=accepted`),
  get(`${M2}/devauth/limits/devices`),
  get(`${M2}/devauth/admission/waiting`),
  get(`${M2}/devauth/admission/settings`),
  post("devauth search", `${M2}/devauth/devices/search`, { status: "accepted" }),
  post("devauth search of 500", `${M2}/devauth/devices/search`, {
    id: Array.from({ length: 500 }, (_, i) => fleetId(i * 7)),
  }),
  get(`${M1}/deployments/deployments`),
  get(`${M2}/deployments/deployments`),
  get(`${M1}/deployments/deployments/${GREAT_DEPLOYMENT}/devices/list?per_page=500`),
  get(`${M1}/deployments/deployments/${GREAT_DEPLOYMENT}/devices/list?page=1900&per_page=500`),
  get(`${M1}/devicemonitor/alerts`),
  get(`${M1}/auditlogs/logs`),
  get(`${M1}/auditlogs/logs?page=40000`),
  get(`${M1}/auditlogs/logs?actor_email=nobody@example.com`),
  get(`${M1}/deviceconnect/sessions`),
  get(`${M1}/deviceconnect/sessions?page=40000`),
  get(`${M1}/usage/days`),
  post("identities", "/api/management/v2alpha1/inventory/identities/search", {
    scope: "identity",
    name: "mac",
    value_prefix: "02:00:99",
  }),
  post("preview: everybody", `${M2}/deployments/deployments/preview`, {
    name: "a",
    artifact_name: "release-3",
    all_devices: true,
  }),
];

const RELEASE = "release-3";
const DEVICE_TYPES = ["raspberrypi4", "raspberrypi5", "beaglebone", "qemux86-64"];

/** What goes on behind an answer: a list of everything while it is read, targets of a deployment, a tenant into an archive. */
const BEGUN: Route[] = [
  post("export of all devices", `${M2}/inventory/filters/search/export?format=csv`, { filters: [] }),
  post("a deployment to everybody", `${M1}/deployments/deployments`, {
    name: "everybody",
    artifact_name: "release-3",
    all_devices: true,
  }),
  post("export of the tenant", "/api/operator/v1/tenants/default/exports", {}),
];

const told = (answer: Response, name: string) =>
  Number(new RegExp(`${name}=([\\d.]+)`).exec(answer.headers.get("server-timing") ?? "")?.[1] ?? NaN);

async function call(server: LocalServer, { path, body }: Route) {
  const start = performance.now();
  const answer = await fetch(server.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      Authorization: `Bearer ${path.startsWith("/api/operator/") ? server.operatorToken : server.token}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const of = (name: string) => told(answer, name);
  return {
    status: answer.status,
    text,
    ms: performance.now() - start,
    longest: of("longest"),
    most: of("most"),
    read: of("read"),
    trips: of("trips"),
    total: answer.headers.get("x-total-count") ?? "",
    known: answer.headers.get("x-total-count-is") ?? "",
  };
}

const line = (cells: readonly (string | number)[]) =>
  cells
    .map((cell, i) => (i === 0 ? String(cell).slice(0, 64).padEnd(64) : String(cell).padStart(9)))
    .join(" ");

async function measure(server: LocalServer): Promise<void> {
  console.log(
    line([
      "first, then again",
      "answer",
      "ms",
      "longest",
      "most rows",
      "rows",
      "trips",
      "total",
      "",
      "ms",
      "longest",
      "rows",
      "trips",
      "total",
    ]),
  );
  for (const route of ROUTES.filter(({ name }) => only === undefined || name.includes(only))) {
    const [first, again] = [await call(server, route), await call(server, route)];
    if (first.status >= 400) console.log(`${route.name}: ${first.status} ${first.text.slice(0, 200)}`);
    const over =
      Math.max(first.longest, again.longest) > MS_ALLOWED ? "LONG" : again.read > ROWS_ALLOWED ? "rows" : "";
    console.log(
      line([
        route.name,
        first.status,
        first.ms.toFixed(0),
        first.longest.toFixed(0),
        first.most,
        first.read,
        first.trips,
        first.total + (first.known && "+"),
        "|",
        again.ms.toFixed(0),
        again.longest.toFixed(1),
        again.read,
        again.trips,
        again.total,
        over,
      ]),
    );
  }
}

interface Long {
  count: number;
  ms: number;
  rows: number;
}

/** Every statement that the server called long, whoever it worked for, by its text. */
class LongStatements {
  readonly #found = new Map<string, Long>();

  readonly hear = (line: string): void => {
    if (!line.includes('"long statement"')) return;
    const { sql, ms, rows_read: rows } = JSON.parse(line) as { sql: string; ms: number; rows_read: number };
    const { count, ...most } = this.#found.get(sql) ?? { count: 0, ms: 0, rows: 0 };
    this.#found.set(sql, {
      count: count + 1,
      ms: Math.max(most.ms, ms),
      rows: Math.max(most.rows, rows),
    });
  };

  tell(when: string): void {
    console.log(`\nstatements longer than ${MS_ALLOWED} ms ${when}: ${this.#found.size} different ones`);
    for (const [sql, { count, ms, rows }] of this.#found)
      console.log(`${count} × up to ${ms.toFixed(0)} ms, up to ${rows} rows: ${sql.slice(0, 200)}`);
    this.#found.clear();
  }
}

/** Begins what takes long, and gives it and the duties of every minute their time. */
async function work(server: LocalServer): Promise<void> {
  for (const route of BEGUN) {
    const { status, ms, text } = await call(server, route);
    console.log(`${route.name}: ${status}, ${ms.toFixed(0)} ms, ${text.length} bytes`);
  }
  await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
}

const data = kept ?? (await newDataFolder());
try {
  if (!kept) {
    await (await startLocalServer(data)).stop();
    console.error(`made in ${(await seedGreatFleet(data, Number(devices))).toFixed(0)} s`);
  }
  const long = new LongStatements();
  const settings = { TENANT_MANAGEMENT_PER_S: "0", TENANT_DATABASE_MS_PER_S: "0" };
  const server = await startLocalServer(data, settings, [], long.hear);
  try {
    const { text: kept } = await call(server, get(`${M1}/deployments/artifacts/list?name=${RELEASE}`));
    if (kept === "[]") await addRelease(server, RELEASE, DEVICE_TYPES);
    await measure(server);
    long.tell("of these requests");
    if (minutes > 0) await work(server);
    long.tell(`in ${minutes} minutes of exports, of a deployment and of duties`);
  } finally {
    await server.stop();
  }
} finally {
  if (!kept) await rm(data, { recursive: true, force: true });
}
