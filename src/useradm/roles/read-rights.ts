import type { Rights } from "../../platform/rights.ts";
import { rightsOfRoles, rightsOfToken, type Definitions } from "./rights.ts";
import type { Role, StoredSet } from "./schema.ts";

/** As the look-up of a token brings them: JSON texts, of which only this domain writes the parts. */
export interface StoredRights {
  roles: string;
  definitions: string;
  limits: string | null;
}

/** What bounds a token beside the rights of its user: the sets it may use, and the networks it may be used from. */
export interface TokenLimits {
  permission_sets_with_scope?: Role["permission_sets_with_scope"];
  addresses?: string[] | undefined;
  /** That tools of assistants may change something, and not only read. */
  tools?: "write" | undefined;
}

type Part = ["role", Role] | ["set", StoredSet];

export function definitionsFrom(text: string): Definitions {
  const parts = JSON.parse(text) as Part[];
  return {
    roles: new Map(parts.flatMap((part) => (part[0] === "role" ? [[part[1].name, part[1]] as const] : []))),
    sets: new Map(parts.flatMap((part) => (part[0] === "set" ? [[part[1].name, part[1]] as const] : []))),
  };
}

export const limitsFrom = (text: string | null): TokenLimits =>
  text === null ? {} : (JSON.parse(text) as TokenLimits);

function rightsFrom({ roles, definitions, limits }: StoredRights): Rights {
  const defined = definitionsFrom(definitions);
  const user = rightsOfRoles(JSON.parse(roles) as string[], defined);
  return rightsOfToken(user, limitsFrom(limits).permission_sets_with_scope, defined);
}

/** Pure values by their texts; losing them costs reading them again. */
const known = new Map<string, Rights>();
const MAX_KNOWN = 64;

export function readRights(stored: StoredRights): Rights {
  const key = JSON.stringify([stored.roles, stored.definitions, stored.limits]);
  const found = known.get(key);
  if (found) return found;
  const rights = rightsFrom(stored);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, rights);
  return rights;
}
