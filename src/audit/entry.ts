import { rfc3339 } from "../platform/clock.ts";
import type { StoredEntry } from "./store.ts";

export interface Entry {
  time: string;
  action: string;
  actor: { id: string; type: string; email?: string };
  object: { id: string; type: string; [detail: string]: unknown };
  change?: string;
  meta?: Record<string, string[]>;
}

/**
 * The time to the microsecond. Clients tell entries apart by it, so that those of one millisecond get their
 * places from the counter in their ids.
 */
function timeOf({ time_ms, id }: StoredEntry): string {
  const micros = (Number.parseInt(id.slice(12, 16), 16) || 0) % 1000;
  return rfc3339(time_ms).replace("Z", `${String(micros).padStart(3, "0")}Z`);
}

/** What clients read without looking, for entries of a time when it was not written down. */
function missingOf({ object_type: type, object_id: id }: StoredEntry): Record<string, unknown> {
  switch (type) {
    case "tenant":
      return { tenant: { id, name: id } };
    case "user":
      return { user: { email: "" } };
    case "device":
      return { device: { identity_data: "{}" } };
    case "artifact":
      return { artifact: { name: "" } };
    case "deployment":
      return { deployment: { name: "", artifact_name: "" } };
    default:
      return {};
  }
}

export const toEntry = (stored: StoredEntry): Entry => ({
  time: timeOf(stored),
  action: stored.action,
  actor: {
    id: stored.actor_id,
    type: stored.actor_type,
    ...(stored.actor_email === null ? {} : { email: stored.actor_email }),
  },
  object: {
    ...missingOf(stored),
    ...(JSON.parse(stored.object) as Record<string, unknown>), // written by the platform as an object
    id: stored.object_id,
    type: stored.object_type,
  },
  ...(stored.change === null ? {} : { change: stored.change }),
  ...(stored.meta === null ? {} : { meta: JSON.parse(stored.meta) as Record<string, string[]> }), // likewise
});
