/**
 * Shows that no test depends on today: all of them with the clock of the tests at three dates a year apart, then the
 * integration tests in a process that believes it is another year. Needs a C compiler and Linux for the latter.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DAYS_OF_A_YEAR = 365;
const BELIEVED = Date.UTC(2031, 5, 15, 12);

function run(label, args, env) {
  console.log(`== ${label}`);
  const { status } = spawnSync("npx", ["vitest", "run", ...args], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(1);
}

const first = Math.floor(Math.random() * 1000);
for (const year of [0, 1, 2]) {
  const seed = first + year * DAYS_OF_A_YEAR;
  run(`the clock of the tests at day ${seed}`, [], { TEST_SEED: String(seed) });
}

const library = join(mkdtempSync(join(tmpdir(), "shift-clock-")), "shift-clock.so");
execFileSync("cc", [
  "-shared",
  "-fPIC",
  "-O2",
  "-o",
  library,
  new URL("shift-clock.c", import.meta.url).pathname,
]);
const seconds = Math.round((BELIEVED - Date.now()) / 1000);
run(`the whole process in ${new Date(BELIEVED).getUTCFullYear()}`, ["--project", "workerd"], {
  LD_PRELOAD: library,
  SHIFT_CLOCK_S: String(seconds),
});
