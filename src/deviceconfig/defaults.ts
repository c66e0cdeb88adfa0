import { maskedConfiguration } from "../deployments/index.ts";
import { demandFilterStatement, demandGroupStatement, FILTER_GONE, GROUP_GONE } from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { rfc3339 } from "../platform/clock.ts";
import { refusalOf } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { devicesFor } from "../platform/permissions.ts";
import {
  defaultsOf,
  listDefaults as listStatement,
  MAX_FILTERS,
  removeDefaults as removeStatement,
  setDefaults as setStatement,
  type DefaultsRow,
  type Source,
} from "./defaults-store.ts";
import { valuesOf, type ConfigurationValues } from "./schema.ts";

/** Values for all members of a group or of a saved filter, under each device's own (extension). */
export interface Defaults {
  id: string;
  configured: ConfigurationValues;
  priority: number;
  updated_ts: string;
}

const toWire = (row: DefaultsRow): Defaults => ({
  id: row.source_id,
  configured: valuesOf(row.configured),
  priority: row.priority,
  updated_ts: rfc3339(row.updated_ms),
});

export const noDefaults = ({ kind }: Source) => new Fault("not_found", `${kind} has no configuration`);

/** As the audit log calls it. */
export const sourceObject = ({ kind, id }: Source) => ({
  type: kind === "group" ? "group" : "device_filter",
  id,
});

export async function listDefaults(
  deps: Deps,
  actor: Actor,
  kind: Source["kind"],
  page: Page,
): Promise<{ defaults: Defaults[]; hasNext: boolean }> {
  const reach = devicesFor(actor, "devices:configure");
  const found = await deps
    .db(actor.tenant)
    .one(listStatement(actor.tenant, { kind, reach }, page.perPage, offsetOf(page)));
  return { defaults: found.slice(0, page.perPage).map(toWire), hasNext: found.length > page.perPage };
}

export async function getDefaults(deps: Deps, actor: Actor, source: Source): Promise<Defaults> {
  const row = await deps.db(actor.tenant).one(defaultsOf(actor.tenant, source));
  if (!row) throw noDefaults(source);
  return toWire(row);
}

const entry = (source: Source, values: ConfigurationValues) => ({
  action: "set_configuration",
  object: sourceObject(source),
  change: JSON.stringify(maskedConfiguration(values)),
});

export async function setDefaults(
  deps: Deps,
  actor: Actor,
  source: Source,
  wanted: { values: ConfigurationValues; priority: number },
): Promise<void> {
  const { tenant } = actor;
  const atMs = deps.now();
  const [set] = await deps
    .db(tenant)
    .batch([
      setStatement(tenant, source, wanted, atMs),
      addAuditIfChanged(actor, entry(source, wanted.values), atMs),
      source.kind === "filter"
        ? demandFilterStatement(tenant, source.id)
        : demandGroupStatement(tenant, source.id),
    ])
    .catch((cause: unknown) => {
      if ([FILTER_GONE, GROUP_GONE].includes(refusalOf(cause) ?? ""))
        throw new Fault("not_found", `${source.kind} not found`, { cause });
      throw cause;
    });
  if (set === 0) throw new Fault("unprocessable", `at most ${MAX_FILTERS} filters can have a configuration`);
}

export async function removeDefaults(deps: Deps, actor: Actor, source: Source): Promise<void> {
  const atMs = deps.now();
  const [removed] = await deps
    .db(actor.tenant)
    .batch([removeStatement(actor.tenant, source), addAuditIfChanged(actor, entry(source, {}), atMs)]);
  if (removed === 0) throw noDefaults(source);
}
