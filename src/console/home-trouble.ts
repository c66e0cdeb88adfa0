import { SILENT_COUNTED, type KindCount } from "../devicemonitor/index.ts";
import type { LiveUser } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { devicesFor, hasPermission } from "../platform/permissions.ts";
import { hasFeature } from "../platform/plans.ts";
import type { Line } from "./home-line.ts";

/** Where what the server itself found wrong is dealt with; other kinds have lines of their own. */
const LINES = {
  silent: { kind: "devices_silent", subject: "silent" },
  expiry: { kind: "expiring", subject: "expiry" },
} as const;

/** Devices that fell silent since yesterday, and what runs out soon. */
export function troubleLines(deps: Deps, actor: LiveUser, found: readonly KindCount[]): Line[] {
  if (!hasPermission(actor, "devices:read") || devicesFor(actor, "devices:read") !== "all") return [];
  if (!hasFeature(deps.settings.PLANS, actor.subscription, "monitoring")) return [];
  return found.flatMap(({ kind, alerts, since_ms: since }): Line[] => {
    if (kind !== "silent" && kind !== "expiry") return [];
    const { subject, ...line } = LINES[kind];
    const isMore = kind === "silent" && alerts >= SILENT_COUNTED;
    return [
      {
        ...line,
        count: alerts,
        ...(isMore && { reason: "or more" }),
        since_ts: rfc3339(since),
        href: `/alerts?subject=${subject}`,
      },
    ];
  });
}
