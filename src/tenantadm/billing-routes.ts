import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { forUsers } from "../platform/route.ts";

/** Paths of the payment provider's part, which no installation has: each answers as where billing is off. */
const PATHS: readonly (readonly [path: string, ...methods: string[]])[] = [
  ["", "GET"],
  ["/products", "GET"],
  ["/profile", "GET", "POST", "PATCH"],
  ["/card", "POST"],
  ["/card/:id/confirm", "POST"],
  ["/secret", "POST"],
  ["/subscription", "GET", "POST"],
  ["/subscription/invoices/preview", "GET", "POST"],
];

export function mountBilling(app: App): void {
  for (const [path, ...methods] of PATHS)
    app.plain(forUsers("basic"), methods, `/api/management/v2/tenantadm/billing${path}`, () => {
      throw new Fault("not_found", "billing is not available");
    });
}
