/**
 * Keeps an installation for the tests of later versions.
 *
 * usage: node test/local/installations/make.ts CHECKOUT NAME ARTIFACT
 *   CHECKOUT  a folder with the version that makes it, its packages installed
 *   NAME      how it is called here, as `2026-11-28`
 *   ARTIFACT  a file with the artifact `release-2` for the device type `pi4`
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { fill } from "./fill.ts";
import { keep } from "./kept.ts";

const CONTACTS_MS = 8000;
const ADMIN = "admin@example.com:correct horse battery";

/** Puts what a database has beside it into the file itself. */
function settle(state: string): void {
  for (const path of readdirSync(state, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".sqlite")) continue;
    const database = new DatabaseSync(join(state, path));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }
}

const [checkout = "", name = "", artifact = ""] = process.argv.slice(2);
const data = mkdtempSync(join(tmpdir(), "edgemend-installation-"));
const free = ["--port", "0", "--https-port", "0"];
const launcher = join(resolve(checkout), "src/local/launch.mjs");
const command = [launcher, "serve", ...free, "--data", data, "--json", "--admin", ADMIN];
const server = spawn(process.execPath, command, { cwd: checkout, stdio: ["ignore", "pipe", "inherit"] });
const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
const { url } = JSON.parse(line) as { url: string };
const recorded = await fill(url, ADMIN, new Uint8Array(readFileSync(artifact)));
// Last contacts are on their way for some seconds.
await setTimeout(CONTACTS_MS);
server.kill("SIGTERM");
await once(server, "exit");
settle(join(data, "state"));
keep(join(data, "state"), recorded, join(import.meta.dirname, `${name}.installation`));
rmSync(data, { recursive: true });
