import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";

/** Paths of the payment provider's part, which no installation has. */
const PATHS = [
  ["get", ""],
  ["get", "/products"],
  ["get", "/profile"],
  ["post", "/profile"],
  ["patch", "/profile"],
  ["post", "/card"],
  ["post", "/card/{id}/confirm"],
  ["post", "/secret"],
  ["get", "/subscription"],
  ["post", "/subscription"],
  ["post", "/subscription/invoices/preview"],
] as const;

/** Each answers as where billing is off, which the web UI understands. */
export function mountBilling(app: App): void {
  for (const [method, path] of PATHS) {
    const route = userRoute("basic", {
      method,
      path: `/api/management/v2/tenantadm/billing${path}`,
      tags: ["tenantadm"],
      summary: "Not available: this server takes no payments",
      responses: faultResponses(401, 404),
    });
    app.openapi(route, () => {
      throw new Fault("not_found", "billing is not available");
    });
  }
}
