import type { Actor } from "../../platform/actor.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { covers, holdsAll, together, type Rights } from "../../platform/rights.ts";
import { definitionsFrom } from "./read-rights.ts";
import { isOnDevices, rightsOfRoles, rightsOfSet, type Definitions } from "./rights.ts";
import type { Role, StoredSet } from "./schema.ts";
import { definedForStatement, heldListsStatement, type Defined } from "./store.ts";

/** Different lists of roles that are looked through when one of them changes. */
const MAX_HELD_LISTS = 1000;

const beyondGiver = () =>
  new Fault("forbidden", "forbidden: nobody gives, or takes over, rights that they do not have themselves");
const notAll = (what: string) =>
  new Fault("forbidden", `forbidden: ${what} takes all permissions, for everything`);

/** What an actor has wherever it asks; undefined if that is everything. */
function boundOf(actor: Actor): Rights | undefined {
  if (actor.kind !== "user") return undefined;
  const held = actor.held ?? actor.rights;
  return holdsAll(held) ? undefined : held;
}

/** For what gives rights that nobody can know beforehand, as whoever vouches for other users does. */
export function requireAllRights(actor: Actor, what: string): void {
  if (boundOf(actor)) throw notAll(what);
}

/**
 * Nobody has more rights afterwards than the giver has, or than they had before. The roles are compared by what they make
 * together: taking one away may also widen, if it confines.
 */
export async function requireGivable(
  deps: Deps,
  actor: Actor,
  after: readonly string[],
  before: readonly string[] = [],
): Promise<void> {
  const bound = boundOf(actor);
  if (!bound) return;
  const names = [...new Set([...before, ...after])];
  const defined = await deps.directory.one(definedForStatement(actor.tenant, names));
  const had = rightsOfRoles(before, defined);
  if (!covers(together(bound, had), rightsOfRoles(after, defined))) throw beyondGiver();
}

const confines = (role: Role | undefined) => role?.permissions?.some(isOnDevices) ?? false;

/**
 * A role that is written gives whoever holds it what it names. One that confines its users is for those with all rights:
 * changing or removing it may free them.
 */
export function requireRoleGivable(
  actor: Actor,
  { before, after }: { before?: Role | undefined; after?: Role | undefined },
  sets: Definitions["sets"],
): void {
  const bound = boundOf(actor);
  if (!bound) return;
  if (confines(before) || confines(after)) throw notAll("a role that confines users to some devices");
  if (!after) return;
  const roles = new Map([[after.name, after]]);
  if (!covers(bound, rightsOfRoles([after.name], { roles, sets }))) throw beyondGiver();
}

/** A permission set that is written gives what it names to whoever has it by a role, for everything at the most. */
export function requireSetGivable(actor: Actor, set: StoredSet): void {
  const bound = boundOf(actor);
  if (bound && !covers(bound, rightsOfSet(set))) throw beyondGiver();
}

/** What is written, or removed where nothing is there afterwards. */
export type Written =
  | { kind: "roles"; name: string; after?: Role | undefined }
  | { kind: "permission_sets"; name: string; after?: StoredSet | undefined };

const put = <V>(map: ReadonlyMap<string, V>, name: string, value: V | undefined): ReadonlyMap<string, V> =>
  new Map(value === undefined ? [...map].filter(([known]) => known !== name) : [...map, [name, value]]);

const written = ({ roles, sets }: Definitions, change: Written): Definitions =>
  change.kind === "roles"
    ? { roles: put(roles, change.name, change.after), sets }
    : { roles, sets: put(sets, change.name, change.after) };

/**
 * Nobody who holds what is written has more rights afterwards than its writer has, or than they had before. Losing a right
 * may widen another: who sees some devices reads of the audit log what is about these, and who sees none reads all of it.
 */
export async function requireHoldersBounded(
  deps: Deps,
  actor: Actor,
  change: Written,
  named: Definitions["sets"] = new Map(),
): Promise<void> {
  const bound = boundOf(actor);
  if (!bound) return;
  const lists = await deps.directory.one(
    heldListsStatement(actor.tenant, [change.kind satisfies Defined, change.name], MAX_HELD_LISTS + 1),
  );
  if (lists.length > MAX_HELD_LISTS) throw notAll("a change for users of so many different roles");
  for (const list of lists) {
    const names = JSON.parse(list.roles) as string[]; // only this domain writes them
    const before = definitionsFrom(list.definitions);
    const after = written({ ...before, sets: new Map([...named, ...before.sets]) }, change);
    if (!covers(together(bound, rightsOfRoles(names, before)), rightsOfRoles(names, after)))
      throw beyondGiver();
  }
}
