import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { isUniqueViolation, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId } from "../platform/ids.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { listDevices, type FoundDevices } from "./find.ts";
import { termsOf, type Predicate } from "./search/terms.ts";
import {
  addFilter,
  countFilters,
  FILTER_NAME_KEY,
  filterById,
  listFilters,
  removeFilter,
  replaceFilter,
  type SavedFilter,
} from "./store/filters.ts";

export interface FilterDefinition {
  name: string;
  terms: Predicate[];
}

const notFound = () => new Fault("not_found", "filter not found");

export async function savedFilters(
  deps: Deps,
  actor: Actor,
  page: Page,
): Promise<{ filters: SavedFilter[]; total: number }> {
  const [filters, total] = await deps
    .db(actor.tenant)
    .batch([listFilters(actor.tenant, page.perPage, offsetOf(page)), countFilters(actor.tenant)]);
  return { filters, total };
}

export async function showFilter(deps: Deps, actor: Actor, id: string): Promise<SavedFilter> {
  const filter = await deps.db(actor.tenant).one(filterById(actor.tenant, id));
  if (!filter) throw notFound();
  return filter;
}

/** Devices that satisfy a saved filter now. */
export async function runFilter(deps: Deps, actor: Actor, id: string, page: Page): Promise<FoundDevices> {
  const { terms } = await showFilter(deps, actor, id);
  return listDevices(deps, actor, { terms: termsOf(terms) }, page);
}

export async function createFilter(deps: Deps, actor: Actor, definition: FilterDefinition): Promise<string> {
  const filter = checked(newId(), definition);
  await write(deps, actor, addFilter(actor.tenant, filter, deps.now()), "create", filter);
  return filter.id;
}

export async function updateFilter(
  deps: Deps,
  actor: Actor,
  id: string,
  definition: FilterDefinition,
): Promise<void> {
  const filter = checked(id, definition);
  const changed = await write(deps, actor, replaceFilter(actor.tenant, filter), "update", filter);
  if (changed === 0) throw notFound();
}

export async function deleteFilter(deps: Deps, actor: Actor, id: string): Promise<void> {
  const changed = await write(
    deps,
    actor,
    removeFilter(actor.tenant, id),
    "delete",
    { id },
    deps.participants.filterRemoved.flatMap((remove) => remove(actor.tenant, id)),
  );
  if (changed === 0) throw notFound();
}

/** What could not be searched for is not saved. */
function checked(id: string, { name, terms }: FilterDefinition): SavedFilter {
  try {
    termsOf(terms, "terms");
  } catch (cause) {
    if (cause instanceof Fault)
      throw new Fault("bad_request", `validation failed for term: ${cause.publicMessage}`);
    throw cause;
  }
  return { id, name, terms };
}

async function write(
  deps: Deps,
  actor: Actor,
  statement: Statement<number>,
  action: string,
  filter: { id: string; name?: string },
  also: readonly Statement<unknown>[] = [],
): Promise<number> {
  const object = { type: "device_filter", id: filter.id };
  const entry = { action, object, ...(filter.name !== undefined && { change: filter.name }) };
  try {
    const [changed] = await deps
      .db(actor.tenant)
      .batch([statement, addAuditIfChanged(actor, entry, deps.now()), ...also]);
    return changed;
  } catch (cause) {
    if (isUniqueViolation(cause, FILTER_NAME_KEY))
      throw new Fault("conflict", "a filter with the same name already exists");
    throw cause;
  }
}
