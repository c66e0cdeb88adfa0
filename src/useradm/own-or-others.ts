import type { UserActor } from "../platform/actor.ts";
import { asUserId, type UserId } from "../platform/ids.ts";
import type { Permission } from "../platform/permissions.ts";
import type { Needs } from "../platform/route.ts";
import { atHome } from "./at-home.ts";

/** Of `…/users/{id}/…`. An escaped letter makes it another id, which is the safe side. */
const idIn = (path: string) => /\/users\/([^/]*)/.exec(path)?.[1] ?? "";

const isOwn = (actor: UserActor, id: string) => id.toLowerCase() === "me" || id === actor.user;

/** Everybody may deal with what is theirs; what is that of others takes a permission. */
export const ownOr =
  (permission: Permission): Needs =>
  (actor, path) =>
    isOwn(actor, idIn(path)) ? "basic" : permission;

/** Whom the `id` of such a path means. */
export const targetOf = (actor: UserActor, id: string): UserId =>
  isOwn(actor, id) ? actor.user : asUserId(id);

/** The same with who acts: of oneself what belongs to the account is changed where that is kept. */
export function actingOn(actor: UserActor, id: string): { actor: UserActor; target: UserId } {
  const target = targetOf(actor, id);
  return { actor: target === actor.user ? atHome(actor) : actor, target };
}
