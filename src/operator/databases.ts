import type { Deps } from "../platform/deps.ts";
import { FIRST_HOME } from "../platform/homes.ts";
import { jurisdictionOf, sizesOf, usedOf } from "../platform/placing.ts";

const PLACES = 4;

/** The databases of the installation, and how full each is. */
export async function listDatabases(deps: Deps) {
  const isOpen = (name: string) => name !== FIRST_HOME || deps.settings.DIRECTORY_TENANTS === "on";
  const sizes = await sizesOf(deps, deps.databases("all"));
  const databases = sizes.map(({ name, bytes }) => {
    const jurisdiction = jurisdictionOf(name);
    const used = bytes === undefined ? undefined : usedOf(bytes);
    return {
      name,
      ...(jurisdiction !== undefined && { jurisdiction }),
      ...(bytes !== undefined && { bytes }),
      ...(used && { share: Number(used.share.toFixed(PLACES)) }),
      ...(used?.isWarned && { warning: "it is nearly full: add a database, and move tenants" }),
      takes_tenants: isOpen(name) && used?.takesTenants === true,
    };
  });
  return { databases };
}
