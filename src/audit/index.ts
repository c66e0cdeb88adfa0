export { forgetOldEntries } from "./forget.ts";
export { mountAudit } from "./routes.ts";
export { sealLogs } from "./seal.ts";
