import { z } from "@hono/zod-openapi";
import { offsetOf, pageOf, pageQuery } from "../platform/paging.ts";
import { QueryTime, type KeptAlert } from "./schema.ts";
import type { AlertRow } from "./store.ts";

/** An alert as it came, with its id and device. */
export const alertToWire = (row: AlertRow): z.input<typeof KeptAlert> => ({
  ...(JSON.parse(row.alert) as z.input<typeof KeptAlert>), // written by this domain
  id: row.alert_id,
  device_id: row.device_id,
});

export const latestQuery = z.object({
  ...pageQuery(),
  level_from: z.enum(["OK", "CRITICAL"], { error: "must be OK or CRITICAL" }).default("CRITICAL"),
  issued_before: QueryTime.optional(),
  issued_after: QueryTime.optional(),
});

export function windowOf(query: z.output<typeof latestQuery>) {
  const page = pageOf(query);
  return {
    beforeMs: query.issued_before,
    afterMs: query.issued_after,
    limit: page.perPage,
    offset: offsetOf(page),
    isAll: query.level_from === "OK",
  };
}
