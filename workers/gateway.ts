import { makeFetch } from "../src/gateway/gateway.ts";
import type { Env } from "../src/platform/env.ts";
import { scheduled } from "./cron.ts";
import { queue } from "./queue.ts";

export { DeviceConnection } from "../durable-objects/device-connection.ts";
export { TenantHead } from "../durable-objects/tenant-head.ts";

export default { fetch: makeFetch(), queue, scheduled } satisfies ExportedHandler<Env>;
