import type { Actor, UserActor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { refusalOf, type Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { byOf } from "../../platform/stream.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import { BUILT_IN_ROLE_OBJECTS, BUILT_IN_SET_OBJECTS } from "./built-in.ts";
import { requireHoldersBounded, requireRoleGivable, requireSetGivable } from "./giving.ts";
import type { PermissionSet, Role, StoredSet } from "./schema.ts";
import {
  addDefinedStatement,
  definedByNameStatement,
  definedPageStatement,
  definedStatement,
  demandAdministratorStatement,
  demandHoldersFitStatement,
  NO_ADMINISTRATOR,
  removeDefinedStatement,
  removeGroupStatement,
  replaceDefinedStatement,
  RIGHTS_TOO_LARGE,
  UNKNOWN_ROLE,
  type Defined,
  type Stored,
} from "./store.ts";

/** Rights of a tenant's users may have changed: who holds something open in their name looks again what they may. */
const RIGHTS_CHANGED = "tenant.rights_changed";

/** Bytes of one definition. */
const MAX_BYTES: Readonly<Record<Defined, number>> = { roles: 16 * 1024, permission_sets: 8 * 1024 };

interface Objects {
  roles: Role;
  permission_sets: PermissionSet;
}

const BUILT_IN: { readonly [K in Defined]: readonly Objects[K][] } = {
  roles: BUILT_IN_ROLE_OBJECTS,
  permission_sets: BUILT_IN_SET_OBJECTS,
};

const WORD: Readonly<Record<Defined, string>> = { roles: "role", permission_sets: "permission set" };

const builtIn = <K extends Defined>(kind: K, name: string): Objects[K] | undefined =>
  BUILT_IN[kind].find((one) => one.name === name);

const objectFrom = <K extends Defined>({ definition }: Stored) => JSON.parse(definition) as Objects[K]; // only this file writes it, from what the schema let pass

const notFound = (kind: Defined) => new Fault("not_found", `${WORD[kind]} not found`);
const taken = (kind: Defined) => new Fault("conflict", `a ${WORD[kind]} of that name already exists`);

/** Those of every tenant first. */
export async function listDefined<K extends Defined>(
  deps: Deps,
  actor: UserActor,
  kind: K,
  page: Page,
): Promise<{ found: Objects[K][]; hasNext: boolean }> {
  const start = offsetOf(page);
  const first = BUILT_IN[kind].slice(start, start + page.perPage);
  const rest = { offset: Math.max(0, start - BUILT_IN[kind].length), limit: page.perPage - first.length + 1 };
  const stored = await deps.directory.one(definedPageStatement(kind, actor.tenant, rest));
  const found = [...first, ...stored.map((one) => objectFrom<K>(one))];
  return { found: found.slice(0, page.perPage), hasNext: found.length > page.perPage };
}

export async function getDefined<K extends Defined>(
  deps: Deps,
  actor: UserActor,
  kind: K,
  name: string,
): Promise<Objects[K]> {
  const known = builtIn(kind, name);
  if (known) return known;
  const stored = await deps.directory.one(definedStatement(kind, actor.tenant, name));
  if (!stored) throw notFound(kind);
  return objectFrom(stored);
}

function storedOf(kind: Defined, one: Role | PermissionSet): Stored {
  const definition = JSON.stringify(one);
  if (Buffer.byteLength(definition) > MAX_BYTES[kind])
    throw new Fault("bad_request", `the ${WORD[kind]} is larger than ${MAX_BYTES[kind]} bytes`);
  return { name: one.name, definition };
}

/** Sets that a role or a token names must exist and take the scope they are given. Answers those of the tenant. */
export async function checkSets(
  deps: Deps,
  actor: UserActor,
  granted: Role["permission_sets_with_scope"] = [],
): Promise<PermissionSet[]> {
  const custom = granted.map(({ name }) => name).filter((name) => !builtIn("permission_sets", name));
  const stored =
    custom.length === 0
      ? []
      : await deps.directory.one(definedByNameStatement("permission_sets", actor.tenant, custom));
  const sets = stored.map((one) => objectFrom<"permission_sets">(one));
  for (const { name, scope } of granted) {
    const set = builtIn("permission_sets", name) ?? sets.find((one) => one.name === name);
    if (!set) throw new Fault("bad_request", `permission set ${name} does not exist`);
    if (scope && !set.supported_scope_types?.includes(scope.type))
      throw new Fault("bad_request", `permission set ${name} does not support the scope ${scope.type}`);
  }
  return sets;
}

const objectOf = (kind: Defined, name: string) =>
  kind === "roles"
    ? { type: "role", id: name, detail: { role: { name } } }
    : { type: "permission_set", id: name, detail: { permission_set: { name } } };

/** The lines that differ, as those of a user do. */
export function describeChange(before: string | undefined, after: string | undefined): string {
  const lines = (text: string | undefined) =>
    text === undefined ? [] : JSON.stringify(JSON.parse(text), null, 1).split("\n");
  const [old, now] = [lines(before), lines(after)];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ].join("\n");
}

/** The audit entry of a change, and that rights may be others now, if the statement before changed something. */
export const followUps = (
  actor: Actor,
  [kind, name]: readonly [Defined, string],
  entry: { action: string; change: string },
  at: number,
): Statement<number>[] => [
  addAuditIfChanged(actor, { ...entry, object: objectOf(kind, name) }, at),
  addEventIfChanged(
    {
      kind: RIGHTS_CHANGED,
      tenant: actor.tenant,
      subject: actor.tenant,
      data: kind === "roles" ? { role: name, ...byOf(actor) } : {},
    },
    at,
  ),
];

/** Runs a batch that gives rights. */
export async function givingRights<T>(batch: Promise<T>): Promise<T> {
  try {
    return await batch;
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal === UNKNOWN_ROLE)
      throw new Fault("bad_request", "roles: must be roles that exist.", { cause });
    if (refusal === NO_ADMINISTRATOR)
      throw new Fault("unprocessable", "the last administrator must keep all permissions", { cause });
    if (refusal === RIGHTS_TOO_LARGE)
      throw new Fault("unprocessable", "the roles of a user are too large together", { cause });
    throw cause;
  }
}

/** What is written names what there is, and gives nobody more than its writer has. */
async function requireGivableObjects<K extends Defined>(
  deps: Deps,
  actor: UserActor,
  kind: K,
  { name, ...change }: { name: string; before?: Objects[K]; after?: Objects[K] },
): Promise<void> {
  if (kind === "permission_sets") {
    const after = change.after as StoredSet | undefined; // those of a tenant were read by their schema
    if (after) requireSetGivable(actor, after);
    return requireHoldersBounded(deps, actor, { kind, name, after });
  }
  const { before, after } = change as { before?: Role; after?: Role };
  const found = await checkSets(deps, actor, after?.permission_sets_with_scope);
  const sets = new Map(found.map((set) => [set.name, set as StoredSet])); // these too
  requireRoleGivable(actor, { before, after }, sets);
  await requireHoldersBounded(deps, actor, { kind: "roles", name, after }, sets);
}

export async function createDefined<K extends Defined>(
  deps: Deps,
  actor: UserActor,
  kind: K,
  one: Objects[K],
): Promise<void> {
  if (builtIn(kind, one.name)) throw taken(kind);
  await requireGivableObjects(deps, actor, kind, { name: one.name, after: one });
  const at = deps.now();
  const stored = storedOf(kind, one);
  // A name may be held since before the role: of one that is gone, or by a token.
  const [added, , , , known] = await givingRights(
    deps.directory.batch([
      addDefinedStatement(kind, actor.tenant, stored),
      ...followUps(
        actor,
        [kind, one.name],
        { action: "create", change: describeChange(undefined, stored.definition) },
        at,
      ),
      demandHoldersFitStatement(actor.tenant),
      definedStatement(kind, actor.tenant, one.name),
      demandAdministratorStatement(actor.tenant, one.name),
    ] as const),
  );
  if (added === 1) return;
  if (known) throw taken(kind);
  throw new Fault("unprocessable", `the tenant has too many ${WORD[kind]}s`);
}

const unchangeable = (kind: Defined) =>
  new Fault("unprocessable", `a built-in ${WORD[kind]} cannot be changed`);

export async function replaceDefined<K extends Defined>(
  deps: Deps,
  actor: UserActor,
  kind: K,
  [name, one]: readonly [string, Objects[K]],
): Promise<void> {
  if (builtIn(kind, name)) throw unchangeable(kind);
  if (one.name !== name) throw new Fault("bad_request", `name: a ${WORD[kind]} keeps its name.`);
  const before = await deps.directory.one(definedStatement(kind, actor.tenant, name));
  if (!before) throw notFound(kind);
  await requireGivableObjects(deps, actor, kind, { name, before: objectFrom<K>(before), after: one });
  const at = deps.now();
  const stored = storedOf(kind, one);
  const entry = { action: "update", change: describeChange(before.definition, stored.definition) };
  const [replaced] = await givingRights(
    deps.directory.batch([
      replaceDefinedStatement(kind, actor.tenant, stored),
      ...followUps(actor, [kind, name], entry, at),
      demandHoldersFitStatement(actor.tenant),
      demandAdministratorStatement(actor.tenant, name),
    ] as const),
  );
  if (replaced === 0) throw notFound(kind);
}

/** Who holds the name afterwards has no rights by it. Removing an unknown one succeeds. */
export async function removeDefined(
  deps: Deps,
  actor: UserActor,
  kind: Defined,
  name: string,
): Promise<void> {
  if (builtIn(kind, name)) throw unchangeable(kind);
  const before = await deps.directory.one(definedStatement(kind, actor.tenant, name));
  if (!before) return;
  await requireGivableObjects(deps, actor, kind, { name, before: objectFrom(before) });
  const entry = { action: "delete", change: describeChange(before.definition, undefined) };
  await deps.directory.batch([
    ...(kind === "roles" ? [removeGroupStatement(actor.tenant, name)] : []),
    removeDefinedStatement(kind, actor.tenant, name),
    ...followUps(actor, [kind, name], entry, deps.now()),
  ]);
}
