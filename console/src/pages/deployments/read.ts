import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { DEPLOYMENT } from "./model.ts";

/** How a deployment went until now, and what is to come. */
export const useProgress = (id: string) =>
  useResource(`deployment/${id}/progress`, async (signal) =>
    bodyOf(await api.GET(`${DEPLOYMENT}/progress`, { params: { path: { id } }, signal })),
  );
