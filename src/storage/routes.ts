import type { App } from "../platform/app-env.ts";
import { mountStorageAdministration } from "./operator-routes.ts";
import { mountUploads } from "./upload-routes.ts";

export function mountStorage(app: App): void {
  mountUploads(app);
  mountStorageAdministration(app);
}
