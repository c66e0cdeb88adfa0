import { generateKeyPairSync } from "node:crypto";
import { statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { buildConsole } from "./src/local/console-files.ts";
import { copyPublicFiles } from "./src/local/public-files.ts";
import { Order } from "./test/support/order.ts";

const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.UTC(2020, 0, 1);
const DAYS = 7305; // until the end of 2039

// No test may depend on today: their clock starts at noon of a day that a printed seed tells.
const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const clockStartMs = FIRST_DAY_MS + (seed % DAYS) * DAY_MS + DAY_MS / 2;
if (process.env.TEST_SEED === undefined) {
  process.env.TEST_SEED = String(seed); // this file is read more than once
  console.log(
    `The clock of the tests starts at ${new Date(clockStartMs).toISOString()} (TEST_SEED=${seed}).`,
  );
}

/** A server like a local one. The keys are made anew for every run. */
const TEST_BINDINGS = {
  LOCAL: "true",
  // The clock of tests stands still, and so would limits of a minute. Their own tests set them.
  DEVICE_REQUESTS_PER_MINUTE: "0",
  ADDRESS_REQUESTS_PER_MINUTE: "0",
  TENANT_WORK_PER_S: "0",
  TENANT_MANAGEMENT_PER_S: "0",
  // Nor would a pause for further events end.
  DELIVERY_PAUSE_MS: "0",
  // A head sleeps once its timer has fired, in real time.
  CONTACTS_SAVE_MS: "20",
  // Real password hashes take their time; one test holds what they cost.
  PASSWORD_COST_LN: "10",
  TEST_CLOCK_START_MS: String(clockStartMs),
  OPERATOR_TOKEN: "operator-token-of-the-tests",
  SIGNING_KEY: generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
};

/** Tests of local servers mostly wait: so many at once, and first; these come next. */
const LOCAL_WORKERS = availableParallelism() + 3;
const AFTER_LOCAL = { groupOrder: 1 };

const DATABASE_OBJECT = { className: "TestDatabase", useSQLite: true };
/** Runs the statements of tests (test/support/quick-database.ts). */
const DATABASE_WORKER = {
  name: "test-database",
  compatibilityDate: "2026-10-20",
  modules: [{ type: "ESModule" as const, path: resolve("test/support/database-object.mjs") }],
  modulesRoot: resolve("test/support"),
  durableObjects: { SELF: DATABASE_OBJECT },
};

const MEMORY_FOLDER = "/dev/shm";
const ROOM_BYTES = 4 * 1024 ** 3;

/** Databases of tests are thrown away: kept in memory, where the system has such a folder, no test waits for a disk. */
function keepScratchInMemory(): void {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    if (bavail * bsize >= ROOM_BYTES) process.env.TMPDIR ??= MEMORY_FOLDER;
  } catch {
    // Not on this system.
  }
}

keepScratchInMemory();
copyPublicFiles();
await buildConsole();

/** About databases with everything in them: their schema, what they are asked, and what goes from one to another. */
const OF_ONE_DATABASE = [
  "artifact-runtime",
  "database-way",
  "migrations",
  "several-databases",
  "tables",
  "tenant-moves",
  "tenant-tables",
];
/** What `npm test` runs of the tests in which tenants live in another database than the directory. */
const PLACED_ALWAYS = [
  "deviceauth",
  "memberships",
  "outbox",
  "placed",
  "roles",
  "tenant-life",
  "tenantadm",
  "usage",
  "workflows",
];

const integrationTests = (names: readonly string[]) =>
  names.map((name) => `test/integration/${name}.test.ts`);

/** Integration tests; `placed` with the tenants in a database of their own, which has no tables of the directory's. */
function integration(form: "long" | "short", isPlaced: boolean) {
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: "./wrangler.toml" },
        miniflare: {
          bindings: {
            ...TEST_BINDINGS,
            TEST_FORM: form,
            ...(isPlaced && { TEST_PLACED: "true", DIRECTORY_TENANTS: "none" }),
          },
          durableObjects: { TEST_DATABASE: { ...DATABASE_OBJECT, scriptName: DATABASE_WORKER.name } },
          d1Databases: isPlaced
            ? { DATA_2: "data-2", SPARE: "spare" }
            : { SPARE: "spare", FURTHER: "further" },
          workers: [DATABASE_WORKER],
        },
      }),
    ],
    // Every test starts with an empty store; a worker of its own for each file would take half of the time.
    isolate: false,
    // The largest matrices take a third of it on a free machine.
    testTimeout: 90_000,
    hookTimeout: 60_000,
  };
}

export default defineConfig(({ mode }) => ({
  test: {
    // One more than there are processors: files wait for disks and timers, too.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: Order },
    // What the server logs is shown where a test fails.
    silent: "passed-only",
    projects: [
      {
        test: {
          name: "unit",
          sequence: AFTER_LOCAL,
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "docs",
          sequence: AFTER_LOCAL,
          include: ["test/docs/**/*.test.ts"],
          environment: "node",
          isolate: false,
        },
      },
      {
        test: {
          name: "local",
          include: ["test/local/**/*.test.ts"],
          environment: "node",
          maxWorkers: LOCAL_WORKERS,
          env: { TEST_FORM: mode === "long" ? "long" : "short" },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // Attacks: a few of each kind here, all of them in `npm run test:hostile`.
      {
        test: {
          name: "hostile",
          include: ["test/hostile/**/*.test.ts"],
          globalSetup: "test/hostile/support/shared-server.ts",
          // Files measure how long others wait.
          fileParallelism: false,
          environment: "node",
          env: { TEST_FORM: mode === "long" ? "long" : "short" },
          testTimeout: mode === "long" ? 3_600_000 : 60_000,
          hookTimeout: 120_000,
        },
      },
      // Real time and long searches: `npm run test:long`.
      ...(mode === "long"
        ? [{ test: { name: "long", include: ["test/long/**/*.test.ts"], testTimeout: 900_000 } }]
        : []),
      ...[false, true].map((isPlaced) => {
        const { plugins, ...options } = integration(mode === "long" ? "long" : "short", isPlaced);
        return {
          plugins,
          test: {
            ...options,
            name: isPlaced ? "placed" : "workerd",
            ...(isPlaced && mode !== "placed" ? { maxWorkers: LOCAL_WORKERS } : { sequence: AFTER_LOCAL }),
            include:
              isPlaced && mode !== "placed"
                ? integrationTests(PLACED_ALWAYS)
                : ["test/integration/**/*.test.ts"],
            exclude: isPlaced ? integrationTests(OF_ONE_DATABASE) : integrationTests(["placed"]),
          },
        };
      }),
    ],
  },
}));
