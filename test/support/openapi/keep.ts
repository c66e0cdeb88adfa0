/** Writes the promises of a running server anew: `npm run openapi:keep -- http://127.0.0.1:8787`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisesOf, writePromises, type OpenApi } from "./promises.ts";

const [origin = "http://127.0.0.1:8787"] = process.argv.slice(2);
const document = (await (await fetch(`${origin}/api/openapi.json`)).json()) as OpenApi;
await writeFile(join(import.meta.dirname, "kept.txt"), writePromises(promisesOf(document)));
