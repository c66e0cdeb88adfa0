import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { Line } from "../platform/line.ts";

/**
 * Storing what strangers bring costs the server far more than answering a device that it knows: so they are stored one
 * after the other, with pauses for everybody else's requests, and tenants take turns. Whom a rule or a user lets in never
 * stands in this line.
 */
const AT_ONCE = 1;
/** For each millisecond that a turn took the line stands still for so many. */
const REST = 2;
const MAX_REST_MS = 40;
export const MAX_IN_LINE_OF_TENANT = 100;
const RETRY_AFTER_S = 5;

/** By configuration. Safe to lose. */
const lines = new WeakMap<Deps["settings"], Line>();

function lineOf({ settings }: Deps): Line {
  const known = lines.get(settings);
  if (known) return known;
  const line = new Line({ atOnce: AT_ONCE, mostOfHolder: MAX_IN_LINE_OF_TENANT });
  lines.set(settings, line);
  return line;
}

/** Stores a device or key that nobody has decided on, in turn; 429 if too many of the tenant stand in line. */
export async function storeInTurn<T>(deps: Deps, tenant: TenantId, store: () => Promise<T>): Promise<T> {
  let tookMs = 0;
  const timed = async () => {
    const startMs = deps.now();
    const stored = await store();
    tookMs = deps.now() - startMs;
    return stored;
  };
  const done = lineOf(deps).inTurn(deps, tenant, timed, () => Math.min(tookMs * REST, MAX_REST_MS));
  if (done) return done;
  throw new Fault("rate_limited", "too many new devices at once", {
    headers: { "Retry-After": String(RETRY_AFTER_S) },
  });
}
