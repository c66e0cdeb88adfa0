import { buildConsole } from "./console-files.ts";
import { copyPublicFiles } from "./public-files.ts";

copyPublicFiles();
await buildConsole();
