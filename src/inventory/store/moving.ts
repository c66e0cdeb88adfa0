import type { SQL } from "drizzle-orm";
import { altering, change, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";

/** A change of what deployments choose devices by when they ask: of one device, or of many. */
export const moving =
  ({ tenant, device }: { tenant: TenantId; device?: string }) =>
  (query: SQL): Statement<number> =>
    altering({ tenant, what: { kind: "moved", device } }, change(query));
