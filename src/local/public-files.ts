import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { projectRoot, readIfPresent } from "./data-folder.ts";

/** Where `[assets]` of wrangler.toml looks. Made from installed packages before every start and deployment. */
export const PUBLIC_FOLDER = join(projectRoot, "dist/public");

const VIEWER = "redoc.standalone.js";
/** The viewer's only address on another host: a logo, which its page could not load. */
const FOREIGN_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg";
const OWN_LOGO = "/favicon.svg";

const installed = (name: string): string =>
  readFileSync(createRequire(import.meta.url).resolve(`redoc/bundles/${name}`), "utf8");

/** The viewer as it is installed, without the address on another host. */
export function viewerScript(): string {
  const [before, after, ...more] = installed(VIEWER).split(FOREIGN_LOGO);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${VIEWER} was expected to name ${FOREIGN_LOGO} once`);
  return before + OWN_LOGO + after;
}

/** Several starts and test runs may do this at once: each file is replaced as a whole, and only by something else. */
export function placeFile(name: string, content: string | Uint8Array): void {
  const file = join(PUBLIC_FOLDER, name);
  if (readIfPresent(file) === content) return;
  const unfinished = `${file}.${randomBytes(4).toString("hex")}.new`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}

/** Fills the folder of static files. */
export function copyPublicFiles(): void {
  placeFile(`api/docs/${VIEWER}`, viewerScript());
  const licences = `${VIEWER}.LICENSE.txt`;
  placeFile(`api/docs/${licences}`, installed(licences));
}
