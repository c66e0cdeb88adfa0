import type { OperatorActor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { rfc3339 } from "../../platform/clock.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { getTenant } from "../../tenants/index.ts";
import { removeMarks } from "./duties.ts";
import {
  askStatement,
  beginStatement,
  endStatement,
  journalStatement,
  type JournalRow,
} from "./journal-store.ts";

/** The journal of a tenant as the operator sees it. */
export interface JournalView {
  tenant_id: string;
  state: JournalRow["state"];
  /** Since when it is so. */
  since?: string;
  flushed_until?: string;
  oldest?: string;
  base_at?: string;
  base_under_way?: boolean;
  bytes: number;
}

function viewOf(tenant_id: string, row: JournalRow | undefined): JournalView {
  if (!row) return { tenant_id, state: "off", bytes: 0 };
  const { state, state_ms, flushed_ms, oldest_ms, base_ms, base, bytes } = row;
  return {
    tenant_id,
    state,
    since: rfc3339(state_ms),
    ...(state !== "off" && { flushed_until: rfc3339(flushed_ms), base_under_way: base !== null }),
    ...(oldest_ms !== null && { oldest: rfc3339(oldest_ms) }),
    ...(base_ms > 0 && { base_at: rfc3339(base_ms) }),
    bytes,
  };
}

export async function showJournal(deps: Deps, { tenant }: OperatorActor): Promise<JournalView> {
  await getTenant(deps, tenant);
  return viewOf(tenant, await deps.db(tenant).one(journalStatement(tenant)));
}

/** Begins the journal of a tenant, or ends it; what it holds stays for as long as it would have. */
export async function setJournal(
  deps: Deps,
  actor: OperatorActor,
  state: "on" | "off",
): Promise<JournalView> {
  const { tenant } = actor;
  const before = await showJournal(deps, actor);
  if (before.state === "restoring") throw new Fault("conflict", "the tenant is being restored");
  if (state === "on" && deps.settings.JOURNAL === "off")
    throw new Fault("conflict", "this installation keeps no journals (JOURNAL)");
  const atMs = deps.now();
  const entry = { action: "update", object: { type: "tenant", id: tenant }, change: `journal ${state}` };
  const change = state === "on" ? beginStatement(tenant, atMs, true) : endStatement(tenant, atMs, true);
  await deps.db(tenant).batch([change, addAuditIfChanged(actor, entry, atMs), askStatement(tenant, state)]);
  if (state === "off") await removeMarks(deps, tenant);
  return showJournal(deps, actor);
}
