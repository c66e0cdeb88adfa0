import { EVERY_MINUTE, EVERY_NIGHT, runSweeps } from "../src/app/sweeps.ts";
import { makeDeps } from "../src/app/make-deps.ts";
import type { Env } from "../src/platform/env.ts";
import { newId } from "../src/platform/ids.ts";

const NIGHTLY = "17 3 * * *";

export async function scheduled(
  controller: ScheduledController,
  env: Env,
  ctx: ExecutionContext,
): Promise<void> {
  const deps = await makeDeps(env, { requestId: newId(), origin: "", later: (work) => ctx.waitUntil(work) });
  await runSweeps(deps, controller.cron === NIGHTLY ? EVERY_NIGHT : EVERY_MINUTE);
}
