import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";

export const useHome = () =>
  useResource("home", async (signal) => bodyOf(await api.GET("/api/management/v1/console/home", { signal })));
