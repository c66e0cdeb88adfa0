import { generateKeyPairSync } from "node:crypto";
import { statfsSync } from "node:fs";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** A server like a local one. The keys are made anew for every run. */
const TEST_BINDINGS = {
  LOCAL: "true",
  // The clock of tests stands still, and so would limits of a minute. Their own tests set them.
  DEVICE_REQUESTS_PER_MINUTE: "0",
  ADDRESS_REQUESTS_PER_MINUTE: "0",
  TENANT_WORK_PER_S: "0",
  OPERATOR_TOKEN: "operator-token-of-the-tests",
  SIGNING_KEY: generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
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

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      { test: { name: "docs", include: ["test/docs/**/*.test.ts"], environment: "node" } },
      {
        test: {
          name: "local",
          include: ["test/local/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { ...TEST_BINDINGS } },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/integration/**/*.test.ts"],
          // Real password hashes take their time on a busy machine.
          testTimeout: 30_000,
        },
      },
    ],
  },
});
