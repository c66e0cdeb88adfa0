import type { SQL } from "drizzle-orm";
import { altering, change, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";

/** A change of what deployments choose these devices by when they ask. */
export const moving =
  (tenant: TenantId, devices: readonly string[]) =>
  (query: SQL): Statement<number> =>
    altering({ tenant, what: { kind: "moved", devices } }, change(query));
