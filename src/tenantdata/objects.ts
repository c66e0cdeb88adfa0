import type { TenantId } from "../platform/ids.ts";

/** Where domains keep the objects of a tenant. A folder of its own may have the name of one of the others. */
export const foldersOf = (tenant: TenantId): readonly string[] => [
  `${tenant}/`,
  `audit/${tenant}/`,
  `logs/${tenant}/`,
  `recordings/${tenant}/`,
];

/** Whether an object found in a folder is the tenant's: below its own folder, a further one is of a tenant named like one of the others. */
export const isIn = (folder: string, key: string): boolean =>
  key.startsWith(folder) && (folder.split("/").length > 2 || !key.slice(folder.length).includes("/"));

/** Where copies of the tenant are. */
export const exportsFolderOf = (tenant: TenantId): string => `exports/${tenant}/`;
