import { asLiveDevice } from "../devices/index.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { faultResponses } from "../platform/wire.ts";
import { authenticateDevice } from "../platform/access.ts";
import { publicRoute } from "../platform/route.ts";

const verifyRoute = (method: "get" | "post") =>
  publicRoute({
    method,
    path: "/api/internal/v1/devauth/tokens/verify",
    tags: ["deviceauth internal"],
    summary: "Check the device token in Authorization",
    description:
      "For gateways that ask before they forward. Exists only where the operator token is configured.",
    responses: { 200: { description: "The token is live" }, ...faultResponses(401, 404) },
  });

/** The check every device route makes, for those outside (protocol notes, deviceauth 8). */
export function mountVerify(app: App): void {
  for (const method of ["get", "post"] as const) {
    app.openapi(verifyRoute(method), async (c) => {
      const { deps } = c.var;
      if (!deps.settings.OPERATOR_TOKEN) throw new Fault("not_found", "not found");
      await asLiveDevice(deps, await authenticateDevice(c), []);
      return c.body(null, 200);
    });
  }
}
