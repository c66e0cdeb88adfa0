import type { Results, Statement } from "./database.ts";
import type { Deps } from "./deps.ts";
import type { TenantId } from "./ids.ts";

/**
 * A look into the directory beside one into a tenant's home: in one trip, unless these are two databases. For reading only:
 * two databases have no transaction in common.
 */
export async function besideDirectory<T, const S extends readonly Statement<unknown>[]>(
  deps: Pick<Deps, "db" | "directory" | "homes">,
  tenant: TenantId,
  asked: Statement<T>,
  own: S,
): Promise<[T, Results<S>]> {
  if (deps.homes.isSpread) return [await deps.directory.one(asked), await deps.db(tenant).batch(own)];
  const [first, ...rest] = await deps.db(tenant).batch([asked, ...own]);
  return [first as T, rest as unknown as Results<S>]; // in the order of the statements
}
