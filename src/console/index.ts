import type { App } from "../platform/app-env.ts";
import { mountAdoption } from "./adoption-routes.ts";
import { mountBoot } from "./boot-routes.ts";
import { mountHome } from "./home-routes.ts";
import { mountDevice } from "./device-routes.ts";
import { mountSession } from "./session-routes.ts";
import { mountValues } from "./values-routes.ts";

/** What the console asks for beyond the wire: each page has its answer in few requests. */
export function mountConsole(app: App): void {
  mountSession(app);
  mountBoot(app);
  mountHome(app);
  mountDevice(app);
  mountValues(app);
  mountAdoption(app);
}
