import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";

const HOUR_MS = 3_600_000;
const HOURS = 7 * 24;

export const Seen = z.object({
  from_ts: z.string().openapi({ description: "When the first of the hours began" }),
  hours: z
    .array(z.int().nullable())
    .length(HOURS)
    .openapi({
      description:
        "How many devices were heard of in each hour of seven days, the one under way last; who was heard of several times counts once. " +
        "Contacts are counted when they are folded, every five minutes, of each device the last; so an hour may lack who was heard " +
        "of in its last five minutes only and again within five minutes, in the next. Null where nothing is known: before the server counted, " +
        "and while it was not at work. 0 only where it was at work and heard of nobody",
    }),
});

/** Seven days of devices heard of; nothing of a fleet that was never heard of, and while the head is away. */
export async function seenByHour(deps: Deps, tenant: TenantId): Promise<z.output<typeof Seen> | undefined> {
  try {
    const known = await deps.contacts.seenByHour(tenant);
    if (known.size === 0) return undefined;
    const first = Math.floor(deps.now() / HOUR_MS) - HOURS + 1;
    const hours = Array.from({ length: HOURS }, (_, i) => known.get(first + i) ?? null);
    return { from_ts: rfc3339(first * HOUR_MS), hours };
  } catch (cause) {
    deps.log.error("devices by hour not known", { tenant, cause });
    return undefined;
  }
}
