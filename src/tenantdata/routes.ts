import type { App } from "../platform/app-env.ts";
import { mountExportDownload } from "./export-download.ts";
import { mountJournals } from "./journal/journal-routes.ts";
import { mountMoves } from "./moving/move-routes.ts";
import { mountImports } from "./importing/import-routes.ts";
import { mountRestores } from "./restoring/restore-routes.ts";
import { mountExports } from "./export-routes.ts";

export function mountTenantdata(app: App): void {
  mountExports(app);
  mountExportDownload(app);
  mountMoves(app);
  mountJournals(app);
  mountImports(app);
  mountRestores(app);
}
