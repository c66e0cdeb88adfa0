import { builtinModules } from "node:module";
import { build } from "esbuild";

/** The Worker as one ES module. Text files travel inside it; what the platform provides stays outside. */
export async function bundleWorker(entry: string): Promise<string> {
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
    loader: { ".sql": "text", ".html": "text" },
    logLevel: "error",
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the bundler made nothing");
  return file.text;
}
