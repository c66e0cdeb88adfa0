import { inSlices } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import { forgetAnsweredStatement } from "./provider-store.ts";

const PAGE = 500;

/** Requests whose answers would come too late anyway need not be remembered. */
export const forgetAnsweredRequests: Sweep = async (deps) => {
  const beforeMs = deps.now();
  await inSlices(PAGE, (limit) => deps.directory.one(forgetAnsweredStatement(beforeMs, limit)));
};
