import { inSlicesOfEach } from "../platform/apart.ts";
import type { Sweep } from "../platform/background.ts";
import { forgetEndedJobs } from "./store.ts";

const PAGE = 500;
const TIME_DIGITS = 12;

/** Jobs that ended go after a while, with what their tasks sent and got. */
export const forgetOldJobs: Sweep = async (deps) => {
  const beforeMs = deps.now() - deps.settings.JOB_LIFE_S * 1000;
  // Ids begin with the time they were made.
  const before = Math.max(0, beforeMs).toString(16).padStart(TIME_DIGITS, "0");
  await inSlicesOfEach(deps, PAGE, (db, limit) => db.one(forgetEndedJobs(before, limit)));
};
