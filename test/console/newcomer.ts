/**
 * A newcomer's first minutes, from nothing but the project: `npm run console:newcomer`. With `--install` a copy of what is
 * committed gets its packages first. Prints what was done, by the pages only, and when.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Page } from "playwright-core";
import { DESK, startBrowser } from "./browser.ts";

/** Somebody who has not seen a page reads it before the next click. */
const READS_MS = 2000;
const KEY_MS = 80;
const MOST_S = 180;

const began = performance.now();
const steps: [what: string, atS: number][] = [];
const note = (what: string): void => {
  const atS = (performance.now() - began) / 1000;
  steps.push([what, atS]);
  console.log(`${atS.toFixed(0).padStart(4)} s  ${what}`);
};

const scratch = mkdtempSync(join(tmpdir(), "edgemend-newcomer-"));
const children: ChildProcess[] = [];
let project = resolve(import.meta.dirname, "../..");

if (process.argv.includes("--install")) {
  const copy = join(scratch, "edgemend");
  mkdirSync(copy);
  execFileSync("sh", ["-c", `git archive HEAD | tar -x -C "${copy}"`], { cwd: project });
  project = copy;
  const from = performance.now();
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: project,
    stdio: ["ignore", "ignore", "inherit"],
  });
  note(`npm ci (${((performance.now() - from) / 1000).toFixed(0)} s)`);
}

/** Runs a command as somebody in a terminal, and waits for a line of its that is wanted. */
async function run(args: string[], wanted: readonly RegExp[]): Promise<string[]> {
  const child = spawn("npm", args, { cwd: project, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const found: string[] = [];
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const [, value] = wanted[found.length]?.exec(line) ?? [];
    if (value !== undefined) found.push(value);
    if (found.length === wanted.length) break;
  }
  child.stdout.resume();
  if (found.length < wanted.length)
    throw new Error(`npm ${args.join(" ")} did not say ${String(wanted[found.length])}`);
  return found;
}

const reads = (page: Page): Promise<void> => page.waitForTimeout(READS_MS);

async function click(page: Page, role: "button" | "link", name: string): Promise<void> {
  const one = page.getByRole(role, { name, exact: true }).first();
  await one.waitFor();
  await reads(page);
  await one.click();
}

async function walk(page: Page, data: string): Promise<void> {
  const server = ["start", "--", "--port", "0", "--https-port", "0", "--data", data];
  const [url = "", email = "", password = ""] = await run(server, [
    /^ {2}Console +(\S+)/,
    /^ {2}Login +(\S+)/,
    /^ {2}Password +(\S+)/,
  ]);
  note("npm start says where the console is, and with what to sign in");
  await page.goto(url);
  await page.getByLabel("E-mail").pressSequentially(email, { delay: KEY_MS });
  await page.getByLabel("Password").fill(password);
  await click(page, "button", "Sign in");
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
  note("signed in");
  await click(page, "link", "Begin");
  const command = (await page.locator("pre", { hasText: "--device" }).first().textContent()) ?? "";
  await reads(page);
  const flags = command.split(" ").slice(4);
  await run(["run", "demo", "--", ...flags, "--data", data], [/^A device of type (\S+)/]);
  note(`a simulated device asks to be let in: ${command}`);
  await click(page, "link", "Look at it");
  await click(page, "button", "Accept");
  await page.getByText("No device waits").first().waitFor();
  note("the device is let in");
  await click(page, "link", "Home");
  await click(page, "link", "Go on");
  await click(page, "link", "Upload a file");
  const file = join(scratch, "hello.txt");
  writeFileSync(file, "hello, device\n");
  await reads(page);
  await page.getByLabel("Drop a file here").setInputFiles(file);
  if ((await page.getByLabel("Device types").inputValue()) === "")
    await page.getByLabel("Device types").pressSequentially("demo-board", { delay: KEY_MS });
  await page.getByLabel("Folder on the device").fill("/tmp");
  await click(page, "button", "Make it");
  await page.getByRole("heading", { level: 1, name: "hello" }).waitFor();
  note("a file is a release");
  await click(page, "link", "Deploy this");
  await page.locator('main[aria-busy="false"]').waitFor();
  await click(page, "button", "Create the deployment");
  await page.getByRole("heading", { level: 1, name: "hello" }).waitFor();
  note("a deployment is made");
  await page.getByText("finished", { exact: true }).first().waitFor({ timeout: 60_000 });
  note("the device has it: the deployment is finished");
}

const browser = await startBrowser();
try {
  const page = await (await browser.newContext({ viewport: DESK })).newPage();
  page.setDefaultTimeout(30_000);
  await walk(page, join(scratch, "data"));
} finally {
  await browser.close();
  for (const { pid } of children)
    try {
      if (pid !== undefined) process.kill(-pid, "SIGINT");
    } catch {
      // It has ended by itself.
    }
  for (const child of children)
    if (child.exitCode === null) await new Promise((done) => child.once("exit", done));
  rmSync(scratch, { recursive: true, force: true });
}
const [, lastS] = steps.at(-1) ?? ["", Infinity];
console.log(`${lastS.toFixed(0)} s of at most ${MOST_S}`);
process.exitCode = lastS <= MOST_S ? 0 : 1;
