import type { Statement } from "./database.ts";
import type { Deps } from "./deps.ts";
import { homesStatement } from "./home-store.ts";
import type { Home } from "./homes.ts";
import type { TenantId } from "./ids.ts";

/** Where tenants live, with at most one look into the directory; with that away, what is remembered. */
export async function findHomes(
  { homes, directory, now }: Pick<Deps, "homes" | "directory" | "now">,
  tenants: readonly TenantId[],
): Promise<Map<TenantId, Home>> {
  const nowMs = now();
  const known = new Map(
    tenants.flatMap((tenant): [TenantId, Home & { isFresh: boolean }][] => {
      const home = homes.known(tenant, nowMs);
      return home ? [[tenant, home]] : [];
    }),
  );
  const unknown = tenants.filter((tenant) => known.get(tenant)?.isFresh !== true);
  if (unknown.length === 0) return known;
  try {
    const found = await directory.one(homesStatement(unknown, homes.first));
    for (const [tenant, home] of found) if (home.isThere) homes.learn(tenant, home, nowMs);
    return new Map<TenantId, Home>([...known, ...found]);
  } catch (cause) {
    if (known.size < tenants.length) throw cause;
    return known;
  }
}

/** Rows about tenants, from the database of each. */
export async function fromHomes<T>(
  deps: Pick<Deps, "homes" | "directory" | "now" | "databases">,
  tenants: readonly TenantId[],
  statement: (tenants: readonly TenantId[]) => Statement<T[]>,
): Promise<T[]> {
  const homes = await findHomes(deps, tenants);
  const places = deps.databases();
  const asked = [...Map.groupBy(tenants, (tenant) => homes.get(tenant)?.home)].flatMap(([home, of]) => {
    const place = places.find(({ name }) => name === home);
    return place ? [place.db.one(statement(of))] : [];
  });
  return (await Promise.all(asked)).flat();
}
