import { behindTls } from "../src/gateway/client-network.ts";
import { makeFetch } from "../src/gateway/gateway.ts";
import type { Env } from "../src/platform/env.ts";
import { scheduled } from "./cron.ts";
import { queue } from "./queue.ts";

export { DeviceConnection } from "../durable-objects/device-connection.ts";
export { Meter } from "../durable-objects/meter.ts";
export { TenantHead } from "../durable-objects/tenant-head.ts";

const fetch = makeFetch();

/** What a local server's TLS listener passes on. */
export const tls = { fetch: behindTls(fetch) } satisfies ExportedHandler<Env>;

export default { fetch, queue, scheduled } satisfies ExportedHandler<Env>;
