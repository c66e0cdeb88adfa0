export { resealIntegrations } from "./integrations.ts";
export { mountIotManager } from "./routes.ts";
export { INTEGRATION, integrationSender } from "./sender.ts";
