import { copyPublicFiles } from "./public-files.ts";

copyPublicFiles();
