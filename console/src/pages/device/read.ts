import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";

export type ConsoleDevice = components["schemas"]["ConsoleDevice"];

const keyOf = (id: string): string => `device/${id}`;

/** A device, read once for the page and all its tabs. */
export const useDevice = (id: string) =>
  useResource(keyOf(id), async (signal) =>
    bodyOf(await api.GET("/api/management/v1/console/devices/{id}", { params: { path: { id } }, signal })),
  );

/** After a change of it. */
export function refreshDevice(id: string): void {
  refresh(keyOf(id));
  refresh("devices");
}
