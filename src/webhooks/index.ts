export { mountWebhooks } from "./routes.ts";
export { WEBHOOK, webhookSender } from "./sender.ts";
export { resealWebhooks } from "./webhooks.ts";
