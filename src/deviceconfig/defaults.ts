import { requirePermission, type Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { masked } from "./masking.ts";
import type { ConfigurationValues } from "./schema.ts";
import { allDefaults, defaultsOf, removeDefaults, setDefaults, type DefaultsRow } from "./store.ts";

/** Values for all devices of a group, under each device's own (extension). */

const toWire = (row: DefaultsRow) => ({
  group: row.source_id,
  configured: JSON.parse(row.configured) as ConfigurationValues, // written below from parsed values
  updated_ts: rfc3339(row.updated_ms),
});

export async function listDefaults(deps: Deps, actor: Actor, page: Page) {
  requirePermission(actor, "devices:read");
  const found = await deps.db(actor.tenant).one(allDefaults(actor.tenant, page.perPage, offsetOf(page)));
  return { defaults: found.slice(0, page.perPage).map(toWire), hasNext: found.length > page.perPage };
}

export async function groupDefaults(deps: Deps, actor: Actor, group: string) {
  requirePermission(actor, "devices:read");
  const row = await deps.db(actor.tenant).one(defaultsOf(actor.tenant, group));
  if (!row) throw new Fault("not_found", "group has no configuration");
  return toWire(row);
}

const entry = (group: string, values: ConfigurationValues) => ({
  action: "set_configuration",
  object: { type: "group", id: group },
  change: JSON.stringify(masked(values)),
});

export async function setGroupDefaults(
  deps: Deps,
  actor: Actor,
  group: string,
  values: ConfigurationValues,
): Promise<void> {
  requirePermission(actor, "devices:configure");
  const atMs = deps.now();
  await deps
    .db(actor.tenant)
    .batch([
      setDefaults(actor.tenant, group, values, atMs),
      addAuditIfChanged(actor, entry(group, values), atMs),
    ]);
}

export async function removeGroupDefaults(deps: Deps, actor: Actor, group: string): Promise<void> {
  requirePermission(actor, "devices:configure");
  const atMs = deps.now();
  const [removed] = await deps
    .db(actor.tenant)
    .batch([removeDefaults(actor.tenant, group), addAuditIfChanged(actor, entry(group, {}), atMs)]);
  if (removed === 0) throw new Fault("not_found", "group has no configuration");
}
