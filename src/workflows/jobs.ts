import type { Sweep } from "../platform/background.ts";
import { forgetEndedJobs } from "./store.ts";

const PAGE = 500;
const PAGES_OF_A_RUN = 40;
const TIME_DIGITS = 12;

/** Jobs that ended go after a while, with what their tasks sent and got. */
export const forgetOldJobs: Sweep = async (deps) => {
  const beforeMs = deps.now() - deps.settings.JOB_LIFE_S * 1000;
  // Ids begin with the time they were made.
  const before = Math.max(0, beforeMs).toString(16).padStart(TIME_DIGITS, "0");
  for (let page = 0; page < PAGES_OF_A_RUN; page++) {
    if ((await deps.directory.one(forgetEndedJobs(before, PAGE))) < PAGE) break;
  }
};
