import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../../platform/clock.ts";
import type { RestorePosition, Told } from "./restore-position.ts";
import type { RestoreRow } from "./restore-store.ts";

const time = z.string();
const count = z.number().int();

const told = <T extends z.ZodType>(one: T, description: string) =>
  z.object({ count, told: z.array(one) }).openapi({ description });

export const Restore = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    state: z.enum(["running", "ready", "done", "failed", "cancelled"]),
    step: z.string(),
    to: time.openapi({ description: "What was asked for" }),
    restored_to: time
      .optional()
      .openapi({ description: "The last moment before it that the journal has: what the tenant was then" }),
    dry_run: z.boolean().openapi({ description: "Nothing is written: it is told what would be" }),
    begun_at: time,
    updated_at: time,
    paused_at: time.optional().openapi({ description: "Since when nothing of the tenant was written" }),
    resumed_at: time.optional().openapi({ description: "Until when" }),
    progress: z.object({
      images: count.openapi({ description: "Records that were read of the journal" }),
      compared: count.openapi({ description: "Records that were compared" }),
    }),
    changes: z.object({
      tables: z.array(z.object({ table: z.string(), added: count, changed: count, removed: count })),
      devices_back: told(z.string(), "Devices that are not there now"),
      devices_waiting: told(z.string(), "Devices that were let in since, and wait for a decision"),
      devices_changed: told(
        z.object({ id: z.string(), from: z.string(), to: z.string() }),
        "Devices whose status is another",
      ),
      deployments_ended: told(z.string(), "Deployments that are under way now, and end or were not there"),
      deployments_resumed: told(z.string(), "Deployments that have ended or are gone, and go on"),
      artifacts_missing: told(
        z.object({ id: z.string(), name: z.string() }),
        "Artifacts whose files are gone: they do not come back",
      ),
    }),
    error: z.string().optional(),
  })
  .openapi("TenantRestore");

export type RestoreView = z.output<typeof Restore>;

const NAMED = ["ready", "done", "failed", "cancelled"] as const;

const some = <T>({ count: n, told: list }: Told<T>) => ({ count: n, told: [...list] });

export function viewOf(row: RestoreRow): RestoreView {
  const { changes, images, compared } = JSON.parse(row.position) as RestorePosition; // only this domain writes it
  return {
    id: row.restore_id,
    tenant_id: row.tenant_id,
    state: NAMED.find((state) => state === row.step) ?? "running",
    step: row.step,
    to: rfc3339(row.to_ms),
    ...(row.cut_ms !== null && { restored_to: rfc3339(row.cut_ms) }),
    dry_run: row.dry_run === 1,
    begun_at: rfc3339(row.created_ms),
    updated_at: rfc3339(row.updated_ms),
    ...(row.paused_ms !== null && { paused_at: rfc3339(row.paused_ms) }),
    ...(row.resumed_ms !== null && { resumed_at: rfc3339(row.resumed_ms) }),
    progress: { images, compared },
    changes: {
      tables: Object.entries(changes.tables).map(([table, tally]) => ({ table, ...tally })),
      devices_back: some(changes.devicesBack),
      devices_waiting: some(changes.devicesWaiting),
      devices_changed: some(changes.devicesChanged),
      deployments_ended: some(changes.deploymentsEnded),
      deployments_resumed: some(changes.deploymentsResumed),
      artifacts_missing: some(changes.artifactsMissing),
    },
    ...(row.failure !== null && { error: row.failure }),
  };
}
