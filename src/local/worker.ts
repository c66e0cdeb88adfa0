import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { projectRoot } from "./data-folder.ts";
import { kept } from "./kept.ts";

/** What of wrangler's answer is used here; its own type is too loose to spread. */
export interface WorkerOptions {
  assets?: { directory: string };
  compatibilityDate?: string;
  bindings?: Record<string, string>;
  d1Databases?: Record<string, string>;
  cronTriggers?: string[];
  queueConsumers?: Record<string, { maxBatchSize?: number }>;
  modulesRules?: { type: string; include: string[] }[];
}

interface BuiltWorker {
  options: WorkerOptions;
  /** The module that is all of it. */
  contents: string;
}

const CONFIGURATION = join(projectRoot, "wrangler.toml");
/** Where wrangler looks for settings of a developer, which may be secrets. */
const SETTINGS = [".dev.vars", ".env", ".env.local"].map((name) => join(projectRoot, name));

/** What else says how the Worker is put together. */
const RULES = [
  ...["bundle.ts", "worker.ts", "kept.ts"].map((name) => join(import.meta.dirname, name)),
  CONFIGURATION,
  join(projectRoot, "package.json"),
  join(projectRoot, "node_modules/.package-lock.json"),
];

/** Of rules like `**\/*.sql`. */
const textEndings = (rules: { type: string; include: string[] }[]) =>
  rules.filter(({ type }) => type === "Text").flatMap(({ include }) => include.map((glob) => extname(glob)));

async function make() {
  // Imported, these ten megabytes would be parsed twice to find out what kind of module they are.
  const { unstable_getMiniflareWorkerOptions } = createRequire(import.meta.url)(
    "wrangler",
  ) as typeof import("wrangler");
  const { bundleWorker } = await import("./bundle.ts");
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(CONFIGURATION);
  if (main === undefined) throw new Error("wrangler.toml names no main module");
  // wrangler makes this object for exactly this use
  const options = workerOptions as WorkerOptions;
  const { text, files } = await bundleWorker(main, textEndings(options.modulesRules ?? []));
  return { value: { options, contents: text }, files: [...RULES, ...SETTINGS, ...files] };
}

/** The Worker with its configuration. To make it takes longer than all else at a start, and nearly all starts have the same. */
export async function builtWorker(): Promise<BuiltWorker> {
  const isPlain =
    !SETTINGS.some((file) => existsSync(file)) &&
    !Object.keys(process.env).some((name) => name.startsWith("CLOUDFLARE_"));
  return isPlain ? kept("worker", make) : (await make()).value;
}
