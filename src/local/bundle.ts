import { builtinModules } from "node:module";
import { build } from "esbuild";

/** The Worker as one ES module. Files with these endings travel inside it as text; what the platform provides stays outside. */
export async function bundleWorker(entry: string, textEndings: string[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
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
  return file.text;
}
