import { afterAll, beforeAll, expect, it } from "vitest";
import { cleanUp } from "../local/server-process.ts";
import { ATTACKS } from "./support/attacks.ts";
import { LONG, many, tell } from "./support/form.ts";
import type { Met } from "./support/honest.ts";
import { HonestWork } from "./support/honest-work.ts";
import { Installation } from "./support/installation.ts";
import { Stage } from "./support/stage.ts";

const DEVICES = many(50, 6);
const OPERATORS = 2;
const QUIET_MS = many(15_000, 1500);
const ATTACK_MS = many(10_000, 1000);
const WARM_UP_MS = many(3000, 500);

/** How much slower the slowest hundredth of honest requests may become. */
const MAX_FACTOR = 10;
/** Of less than this nobody notices a multiple. */
const UNNOTICED_MS = 20;

let installation: Installation;
let stage: Stage;
let honest: HonestWork;
let quiet: Met;

beforeAll(async () => {
  installation = await Installation.start();
  stage = await Stage.set(installation);
  honest = new HonestWork(await stage.honestPlan(DEVICES, OPERATORS));
  await honest.during(WARM_UP_MS);
  quiet = await honest.during(QUIET_MS);
  expect(quiet.errors).toEqual([]);
  tell(
    `quiet: ${DEVICES} devices and ${OPERATORS} operators, ${quiet.requests} requests, p50 ${quiet.p50.toFixed(1)} ms, p99 ${quiet.p99.toFixed(1)} ms`,
  );
});

afterAll(async () => {
  honest.stop();
  await cleanUp();
});

it.each(ATTACKS.filter(({ isShort }) => LONG || isShort))("$line: $what", async ({ line, what, attack }) => {
  let did = "";
  const met = await honest.during(ATTACK_MS, async () => {
    did = await attack(stage, ATTACK_MS);
  });
  tell(
    `| ${line} | ${what} | ${did} | ${met.requests} | ${met.errors.length} | ${quiet.p99.toFixed(1)} / ${met.p99.toFixed(1)} ms (max ${Math.round(met.max)}) |`,
  );
  expect(met.errors).toEqual([]);
  if (LONG) expect(met.p99).toBeLessThanOrEqual(Math.max(quiet.p99, UNNOTICED_MS) * MAX_FACTOR);
});

it("the server is sound after all of it", async () => {
  expect((await installation.wire.send("GET", "/healthz")).status).toBe(200);
  expect((await honest.during(WARM_UP_MS)).errors).toEqual([]);
  expect(installation.faults).toEqual([]);
});
