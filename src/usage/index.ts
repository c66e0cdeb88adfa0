export { count, waitForRows } from "./counters.ts";
export { mountUsage } from "./routes.ts";
export { forgetOldUsage, recordUsage } from "./usage.ts";
