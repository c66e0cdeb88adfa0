import type { App } from "../platform/app-env.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";

/** What the original runs as services of their own; scripts ask each for its health. */
const SERVICES = [
  "devauth",
  "inventory",
  "reporting",
  "tenantadm",
  "useradm",
  "deployments",
  "deviceconfig",
  "deviceconnect",
  "auditlogs",
  "iot-manager",
  "devicemonitor",
] as const;

const probe = (service: string, name: "alive" | "health") =>
  operatorRoute({
    method: "get",
    path: `/api/internal/v1/${service}/${name}`,
    summary: name === "alive" ? "Whether the server runs" : "Whether the server reaches what it stands on",
    tags: [`${service} internal`],
    responses: { 204: { description: "It does" }, ...faultResponses(401, 503) },
  });

async function requireHealth({ directory, bucket }: Deps): Promise<void> {
  try {
    await Promise.all([directory.ping(), bucket.head("health")]);
  } catch (cause) {
    throw new Fault("unavailable", "service unavailable", { cause });
  }
}

export function mountProbes(app: App): void {
  for (const service of SERVICES) {
    app.openapi(probe(service, "alive"), (c) => c.body(null, 204));
    app.openapi(probe(service, "health"), async (c) => {
      await requireHealth(c.var.deps);
      return c.body(null, 204);
    });
  }
}
