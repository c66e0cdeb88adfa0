import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { operatorRoute, userRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";
import { IdParam } from "./schema.ts";

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

/** Of the web UI: a trial or a smaller plan becomes a larger one, by card. */
const UPGRADES = ["start", "cancel", "complete"] as const;

const notHere = () => new Fault("not_found", "billing is not available");

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
      throw notHere();
    });
  }
  for (const step of UPGRADES) {
    const route = userRoute("tenants:manage", {
      method: "post",
      path: `/api/management/v2/tenantadm/tenants/{id}/upgrade/${step}`,
      tags: ["tenantadm"],
      summary: "Not available: this server takes no payments; see `plan`",
      request: { params: IdParam },
      responses: faultResponses(401, 403, 404),
    });
    app.openapi(route, () => {
      throw notHere();
    });
  }
  const upgrade = operatorRoute({
    method: "post",
    path: "/api/internal/v1/tenantadm/tenants/{id}/upgrade",
    tags: ["tenantadm internal"],
    summary: "Not available: no marketplace sells plans of this server; see `PUT …/tenants/{id}`",
    request: { params: IdParam },
    responses: faultResponses(401, 404),
  });
  app.openapi(upgrade, () => {
    throw notHere();
  });
}
