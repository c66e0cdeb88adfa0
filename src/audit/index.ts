export { forgetOldEntries } from "./entries.ts";
export { mountAudit } from "./routes.ts";
