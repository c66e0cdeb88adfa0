import { builtinModules } from "node:module";
import { resolve } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "./data-folder.ts";

interface Bundle {
  text: string;
  /** Every file that it was made of. */
  files: string[];
}

/** The Worker as one ES module. Files with these endings travel inside it as text; what the platform provides stays outside. */
export async function bundleWorker(entry: string, textEndings: string[]): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: projectRoot,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    // The platform knows its built-in modules by their prefixed names only.
    alias: Object.fromEntries(
      builtinModules.filter((name) => !name.includes(":")).map((name) => [name, `node:${name}`]),
    ),
    loader: Object.fromEntries(textEndings.map((ending) => [ending, "text" as const])),
    // Packages of the older form ask for built-in modules as they run.
    banner: {
      js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire("/");',
    },
    logLevel: "error",
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the bundler made nothing");
  return { text: file.text, files: Object.keys(metafile.inputs).map((path) => resolve(projectRoot, path)) };
}
