import { rm } from "node:fs/promises";
import { newDataFolder, percentile, startLocalServer, type LocalServer } from "./local-server.ts";
import { fleetId, reportOf, seedFleet } from "./seed-inventory.ts";

/**
 * Search over a whole fleet by requests to the local server: median time and rows the database read, for a small and a
 * great fleet. A query over an index must not grow with the fleet.
 */
const [SMALL = 10_000, GREAT = 100_000] = process.argv.slice(2).map(Number);
const RUNS = 21;
const PER_PAGE = 20;
const ROWS_ALLOWED = 50 * PER_PAGE;
const MS_ALLOWED = 50;
const GROWTH_ALLOWED = 1.5;

const V1 = "/api/management/v1/inventory";
const V2 = "/api/management/v2/inventory";
const REPORTING = "/api/management/v1/reporting";

interface Query {
  name: string;
  path: string;
  body?: unknown;
  /** What the issue asks of it; nothing for queries that are only shown. */
  bound?: "indexed" | "aggregate";
}

const term = (path: string, type: string, value: unknown) => {
  const [scope = "", ...attribute] = path.split("/");
  return { scope, attribute: attribute.join("/"), type, value };
};
const by = (path: string, order: "asc" | "desc") => {
  const [scope = "", ...attribute] = path.split("/");
  return { scope, attribute: attribute.join("/"), order };
};
const search = (name: string, body: object, bound?: "indexed"): Query => ({
  name,
  path: `${V2}/filters/search`,
  body: { page: 1, per_page: PER_PAGE, ...body },
  ...(bound && { bound }),
});

const accepted = term("identity/status", "$eq", "accepted");
const groups = Array.from({ length: 40 }, (_, i) => `group-${i}`);
const aggregation = (attribute: string, more: object = {}) => ({
  name: attribute,
  scope: "inventory",
  attribute,
  ...more,
});

const QUERIES: Query[] = [
  { name: "v1 list, first page", path: `${V1}/devices?per_page=${PER_PAGE}`, bound: "indexed" },
  search("all devices", {}, "indexed"),
  search("accepted (97 %)", { filters: [accepted] }, "indexed"),
  search(
    "accepted, sorted by updated_ts",
    { filters: [accepted], sort: [by("system/updated_ts", "desc")] },
    "indexed",
  ),
  search("equal, one device", { filters: [term("inventory/hostname", "$eq", `oslo-gw-0`)] }, "indexed"),
  search("equal, a quarter", { filters: [term("inventory/device_type", "$eq", "raspberrypi4")] }, "indexed"),
  search(
    "two ANDed, a quarter and an eighth",
    {
      filters: [
        term("inventory/device_type", "$eq", "raspberrypi4"),
        term("inventory/artifact_name", "$eq", "release-3"),
      ],
    },
    "indexed",
  ),
  search(
    "accepted and a quarter",
    { filters: [accepted, term("inventory/device_type", "$eq", "raspberrypi4")] },
    "indexed",
  ),
  search(
    "range with sort",
    { filters: [term("inventory/temperature", "$gt", 40)], sort: [by("inventory/temperature", "asc")] },
    "indexed",
  ),
  search("text, one device", { text: "unit 4711 berlin" }, "indexed"),
  search("text, an eighth", { text: "berlin" }, "indexed"),
  search("static group", { filters: [accepted, term("system/group", "$eq", "group-7")] }, "indexed"),
  search("in no group", { filters: [accepted, term("system/group", "$nin", groups)] }, "indexed"),
  search("offline, total only", {
    filters: [term("system/check_in_time", "$ltne", "2026-11-17T00:00:00Z")],
    per_page: 1,
  }),
  { name: "group count", path: `${V1}/groups/group-7/devices?per_page=${PER_PAGE}`, bound: "indexed" },
  { name: "groups", path: `${V1}/groups`, bound: "indexed" },
  { name: "statistics", path: `${V2}/statistics`, bound: "indexed" },
  { name: "attributes in use", path: `${V2}/filters/attributes`, bound: "indexed" },
  search("expression on 8 values", { filters: [term("inventory/artifact_name", "$regex", "-[12]$")] }),
  search("page 500 of all", { page: 500 }),
  {
    name: "aggregate over all",
    path: `${REPORTING}/devices/aggregate`,
    body: { aggregations: [aggregation("artifact_name")] },
    bound: "aggregate",
  },
  {
    name: "aggregate, nested",
    path: `${REPORTING}/devices/aggregate`,
    body: { aggregations: [aggregation("artifact_name", { aggregations: [aggregation("device_type")] })] },
  },
];

interface Measured {
  ms: number;
  firstMs: number;
  rows: number;
  firstRows: number;
  trips: number;
  total: string;
}

const costOf = (answer: Response, name: string) =>
  Number(new RegExp(`${name}=(\\d+)`).exec(answer.headers.get("server-timing") ?? "")?.[1] ?? NaN);

async function call(server: LocalServer, path: string, body: unknown, token = server.token, method?: string) {
  const start = performance.now();
  const answer = await fetch(server.url + path, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
  return { ms: performance.now() - start, answer };
}

async function measure(server: LocalServer, query: Query): Promise<Measured> {
  const first = await call(server, query.path, query.body);
  const samples: number[] = [];
  let last = first;
  for (let i = 0; i < RUNS; i++) {
    last = await call(server, query.path, query.body);
    samples.push(last.ms);
  }
  return {
    ms: percentile(samples, 0.5),
    firstMs: first.ms,
    rows: costOf(last.answer, "read"),
    firstRows: costOf(first.answer, "read"),
    trips: costOf(last.answer, "trips"),
    total: last.answer.headers.get("x-total-count") ?? "",
  };
}

/** Rows written by a report with one value changed. */
async function reportCost(server: LocalServer): Promise<{ written: number; ms: number }> {
  const minted = await fetch(`${server.url}/api/operator/v1/tokens`, {
    method: "POST",
    headers: { Authorization: `Bearer ${server.operatorToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      claims: {
        jti: fleetId(0),
        sub: fleetId(0),
        iss: "Mender",
        iat: Math.floor(Date.now() / 1000),
        exp: Math.floor(Date.now() / 1000) + 3600,
        "mender.device": true,
        "mender.tenant": "default",
      },
    }),
  });
  if (minted.status !== 200) throw new Error(`mint-token: ${minted.status} ${await minted.text()}`);
  const { token }: { token: string } = JSON.parse(await minted.text());
  const path = "/api/devices/v1/inventory/device/attributes";
  const costs: { written: number; ms: number }[] = [];
  for (let i = 0; i < RUNS; i++) {
    const report = reportOf(0).map((a) => (a.name === "kernel" ? { ...a, value: `6.6.${i}` } : a));
    const { ms, answer } = await call(server, path, report, token, "PUT");
    costs.push({ written: costOf(answer, "written"), ms });
  }
  return {
    written: Math.max(...costs.slice(1).map(({ written }) => written)),
    ms: percentile(
      costs.map(({ ms }) => ms),
      0.5,
    ),
  };
}

interface Fleet {
  size: number;
  seedS: number;
  measured: Measured[];
  report: { written: number; ms: number };
  /** The same way through server and database without any work. */
  nothingMs: number;
}

async function measureFleet(size: number): Promise<Fleet> {
  const data = await newDataFolder();
  try {
    await (await startLocalServer(data)).stop();
    const seedS = await seedFleet(data, size);
    console.error(`${size} devices in ${seedS.toFixed(1)} s: ${Math.round(size / seedS)} a second`);
    const server = await startLocalServer(data);
    try {
      const nothing = await measure(server, { name: "", path: "/api/management/v1/useradm/settings" });
      const measured: Measured[] = [];
      for (const query of QUERIES) {
        const result = await measure(server, query);
        console.error(`  ${query.name}: ${result.ms.toFixed(1)} ms, ${result.rows} rows`);
        measured.push(result);
      }
      return { size, seedS, measured, report: await reportCost(server), nothingMs: nothing.ms };
    } finally {
      await server.stop();
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

function verdictOf(query: Query, small: Measured, great: Measured): string {
  if (query.bound === "aggregate") return great.ms <= 500 ? "ok" : "slow";
  if (query.bound === undefined) return "";
  const problems = [
    ...(great.ms > MS_ALLOWED ? ["slow"] : []),
    ...(great.rows > ROWS_ALLOWED ? ["rows"] : []),
    ...(great.ms / small.ms > GROWTH_ALLOWED ? ["grows"] : []),
  ];
  return problems.length === 0 ? "ok" : problems.join(", ");
}

const columns = [34, 9, 9, 7, 9, 9, 6, 8, 9, 10, 9];
const line = (cells: readonly (string | number)[]) =>
  cells
    .map((cell, i) =>
      i === 0 ? String(cell).padEnd(columns[i] ?? 0) : String(cell).padStart(columns[i] ?? 0),
    )
    .join(" ");

const [small, great] = [await measureFleet(SMALL), await measureFleet(GREAT)];

console.log(
  `Search, page of ${PER_PAGE}, median of ${RUNS} requests over HTTP; rows read with the look-up of the user.`,
);
console.log(
  `"first": the first time a total above 500 is asked for, which counts it; it is remembered for a minute.\n`,
);
console.log(
  line([
    "query",
    `ms ${SMALL}`,
    `ms ${GREAT}`,
    "growth",
    `rows`,
    `rows`,
    "trips",
    "total",
    "first ms",
    "first rows",
    "",
  ]),
);
QUERIES.forEach((query, i) => {
  const [a, b] = [small.measured[i], great.measured[i]];
  if (!a || !b) return;
  console.log(
    line([
      query.name,
      a.ms.toFixed(1),
      b.ms.toFixed(1),
      (b.ms / a.ms).toFixed(2),
      a.rows,
      b.rows,
      b.trips,
      b.total,
      b.firstMs.toFixed(0),
      b.firstRows,
      verdictOf(query, a, b),
    ]),
  );
});
console.log("");
for (const fleet of [small, great]) {
  console.log(
    `${fleet.size} devices of 30 attributes: loaded ${Math.round(fleet.size / fleet.seedS)} a second; ` +
      `report with one changed value: ${fleet.report.written} rows written, ${fleet.report.ms.toFixed(1)} ms; ` +
      `a request that searches nothing: ${fleet.nothingMs.toFixed(1)} ms`,
  );
}
