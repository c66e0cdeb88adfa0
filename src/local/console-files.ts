import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, readIfPresent } from "./data-folder.ts";
import { placeFile, PUBLIC_FOLDER } from "./public-files.ts";

const SOURCES = join(projectRoot, "console");
/** What was built last, beside the public files. */
const BUILT = "../console.sha256";
const ASSETS = "assets";

interface BuiltFile {
  fileName: string;
  code?: string;
  source?: string | Uint8Array;
}

/** Changes with every file that the console is made of. */
function sourcesDigest(): string {
  const digest = createHash("sha256");
  const files = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const file of [...files.toSorted(), join(projectRoot, "package-lock.json")])
    digest.update(file.slice(projectRoot.length)).update("\0").update(readFileSync(file)).update("\0");
  return digest.digest("hex");
}

/** Several starts may do this at once: files of one content have one name, and the page that names them comes last. */
async function build(): Promise<void> {
  const vite = await import("vite");
  const configFile = join(SOURCES, "vite.config.ts");
  const made = await vite.build({ configFile, logLevel: "error", build: { write: false } });
  const [result] = Array.isArray(made) ? made : [made];
  if (!result || !("output" in result)) throw new Error("the console was not built");
  const output: BuiltFile[] = result.output;
  const files = output.toSorted(
    (a, b) => Number(a.fileName.endsWith(".html")) - Number(b.fileName.endsWith(".html")),
  );
  for (const { fileName, code, source } of files) placeFile(fileName, code ?? source ?? "");
  const names = new Set(files.map(({ fileName }) => fileName));
  for (const name of readdirSync(join(PUBLIC_FOLDER, ASSETS)))
    if (!names.has(`${ASSETS}/${name}`)) rmSync(join(PUBLIC_FOLDER, ASSETS, name), { force: true });
}

/** Builds the console into the folder of static files, unless it is there as it is now. */
export async function buildConsole(): Promise<void> {
  const digest = sourcesDigest();
  if (readIfPresent(join(PUBLIC_FOLDER, BUILT)) === digest) return;
  await build();
  placeFile(BUILT, digest);
}
