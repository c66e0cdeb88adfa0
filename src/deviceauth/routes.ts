import type { App } from "../platform/app.ts";
import { mountAuthRequests } from "./auth-request-route.ts";
import { mountManagement } from "./management-routes.ts";

export function mountDeviceauth(app: App): void {
  mountAuthRequests(app);
  mountManagement(app);
}
