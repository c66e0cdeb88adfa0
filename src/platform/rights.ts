import { PERMISSIONS, type Permission } from "./permission-names.ts";
import { EVERYWHERE, narrowed, reachCovers, widened, type Reach } from "./reach.ts";
import type { Regex } from "./regex/regex.ts";

/** A right to whatever is served under some paths. */
export interface PathRight {
  /** In capitals, or `any`. */
  method: string;
  /** Of the path, with or without its query. */
  address: Regex;
  /** The expression as it was written. */
  pattern: string;
  reach: Reach;
}

/** What a user may do, as its roles say at the moment of asking. */
export interface Rights {
  permits: ReadonlyMap<Permission, Reach>;
  paths: readonly PathRight[];
  /** What holds only as far as both sides allow: the rights of a user, and of a token that may do less. */
  both?: readonly [Rights, Rights];
}

export const NO_RIGHTS: Rights = { permits: new Map(), paths: [] };

export interface Address {
  method: string;
  path: string;
  /** With its question mark; empty without one. */
  query: string;
}

/** Steps that all expressions of one request may make together; those not reached by then match nothing. */
const MAX_STEPS = 200_000;

class OutOfSteps extends Error {}

function matching(rights: Rights, { method, path, query }: Address): PathRight[] {
  let left = MAX_STEPS;
  const spend = (steps: number) => {
    left -= steps;
    if (left < 0) throw new OutOfSteps();
  };
  const found: PathRight[] = [];
  try {
    for (const right of rights.paths) {
      if (right.method !== "any" && right.method !== method) continue;
      if (right.address.test(path, spend) || (query !== "" && right.address.test(path + query, spend)))
        found.push(right);
    }
  } catch (cause) {
    if (!(cause instanceof OutOfSteps)) throw cause;
  }
  return found;
}

/** How far a permission reaches for one request: what is permitted, and what the address adds. */
function reachAt(rights: Rights, permission: Permission, address: Address): Reach | undefined {
  if (!rights.both)
    return matching(rights, address).reduce<Reach | undefined>(
      (reach, right) => widened(reach, right.reach),
      rights.permits.get(permission),
    );
  const [a, b] = rights.both.map((side) => reachAt(side, permission, address));
  return a && b && narrowed(a, b);
}

const hasPaths = ({ paths, both }: Rights): boolean => paths.length > 0 || (both?.some(hasPaths) ?? false);

/** The rights at one address: the same, with what the address decides of the permissions its route needs. */
export function rightsAt(rights: Rights, needed: readonly Permission[], address: Address): Rights {
  if (!hasPaths(rights)) return rights;
  const permits = new Map(rights.permits);
  for (const permission of needed) {
    const reach = reachAt(rights, permission, address);
    if (reach) permits.set(permission, reach);
    else permits.delete(permission);
  }
  return { permits, paths: [] };
}

/** What both allow. */
export function inBoth(a: Rights, b: Rights): Rights {
  const permits = new Map<Permission, Reach>();
  for (const [permission, reach] of a.permits) {
    const limit = b.permits.get(permission);
    if (limit) permits.set(permission, narrowed(reach, limit));
  }
  return { permits, paths: [], both: [a, b] };
}

/** What either allows. */
export function together(a: Rights, b: Rights): Rights {
  const permits = new Map(a.permits);
  for (const [permission, reach] of b.permits)
    permits.set(permission, widened(permits.get(permission), reach));
  return { permits, paths: [...a.paths, ...b.paths] };
}

/** Whether these are all the rights that there are. */
export const holdsAll = ({ permits }: Rights): boolean =>
  PERMISSIONS.every((one) => {
    const reach = permits.get(one);
    return one === "basic" || (reach !== undefined && reachCovers(reach, EVERYWHERE));
  });

/** Whether some rights hold all of others. What two expressions match is not compared: only the same one covers another. */
export function covers(all: Rights, part: Rights): boolean {
  if (holdsAll(all)) return true;
  const hasPath = ({ method, pattern, reach }: PathRight) =>
    all.paths.some(
      (one) =>
        one.pattern === pattern &&
        (one.method === "any" || one.method === method) &&
        reachCovers(one.reach, reach),
    );
  const permits = ([permission, reach]: [Permission, Reach]) => {
    const found = all.permits.get(permission);
    return permission === "basic" || (found !== undefined && reachCovers(found, reach));
  };
  return [...part.permits].every(permits) && part.paths.every(hasPath);
}
