import { inEachDatabase } from "../platform/apart.ts";
import type { EventHandler, Sweep } from "../platform/background.ts";
import { drainOutbox } from "../platform/send-events.ts";
import { leaseStatement, wakeWaitingStatements } from "./receiver-store.ts";
import { LEASE_MS, Run } from "./run.ts";
import type { Senders } from "./sender.ts";

/** Receivers that one run of the sweep wakes. */
const WOKEN_AT_ONCE = 200;

/** Tells the receiver that the event names of what is due. Goes on by itself, so that nobody waits for it. */
export const deliverBy =
  (senders: Senders): EventHandler =>
  async (deps, { tenant, subject: receiver }) => {
    const nowMs = deps.now();
    const leasedMs = nowMs + LEASE_MS;
    const leased = await deps.db(tenant).one(leaseStatement(tenant, receiver, nowMs, leasedMs));
    if (!leased) return;
    const run = new Run(deps, { tenant, receiver, leasedMs }, leased, senders);
    // Otherwise the lease ends, and the sweep begins anew.
    deps.later(
      run.whole().catch((cause: unknown) => deps.log.error("deliveries broken off", { tenant, cause })),
    );
  };

/** Wakes the receivers that wait for a retry, or were left by a crash. */
export const wakeWaiting: Sweep = async (deps) => {
  const nowMs = deps.now();
  await inEachDatabase(deps, async ({ db }) => {
    const [woken] = await db.batch(wakeWaitingStatements(nowMs, nowMs + LEASE_MS, WOKEN_AT_ONCE));
    if (woken !== 0) await drainOutbox(deps, db);
  });
};
