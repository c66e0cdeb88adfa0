import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from "playwright-core";
import type { RunningServer } from "../clients/server.ts";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const PATIENCE_MS = 15_000;

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export async function startBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`no browser at ${CHROMIUM}: CHROMIUM says where one is`);
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

export interface Tab {
  page: Page;
  /** Shows a page of the console and waits until nothing is read any more. */
  open: (path: string) => Promise<void>;
  /** The same without loading anything anew, as a click on a link does. */
  go: (path: string) => Promise<void>;
  /** Fails if what is shown is wider than the window, or cannot be used by somebody. */
  check: (name: string, rules?: readonly string[]) => Promise<void>;
  /** Requests to the API since the page was opened, but for what every page begins with. */
  asked: () => string[];
  /** What must not have happened while the tab was open. */
  troubles: () => string[];
  close: () => Promise<void>;
}

interface Finding {
  id: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** What depends on nothing but colours. */
export const COLOURS = ["color-contrast", "link-in-text-block"];

const axeRun = (
  rules: readonly string[],
): string => `axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ["violations"] })
  .then(({ violations }) => JSON.stringify(violations))`;

/** The policy of the page allows no script of ours: this one comes by the debugger. */
async function findings(cdp: CDPSession, rules: readonly string[]): Promise<Finding[]> {
  const { result: known } = await cdp.send("Runtime.evaluate", { expression: `typeof axe === "object"` });
  // It is long: once for each page that is loaded.
  if (known.value !== true) await cdp.send("Runtime.evaluate", { expression: `(() => { ${AXE} })()` });
  const { result } = await cdp.send("Runtime.evaluate", {
    expression: axeRun(rules),
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(String(result.value)) as Finding[];
}

const told = (all: readonly Finding[]): string[] =>
  all.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary ?? ""}`),
  );

/** Runs in the page, before anything of it. */
const REPORT_VIOLATIONS = `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  console.error("policy: " + violatedDirective + " " + blockedURI);
});`;

async function signIn(page: Page, { url, admin }: Pick<RunningServer, "url" | "admin">): Promise<void> {
  await page.goto(url);
  await page.getByLabel("E-mail").fill(admin.email);
  await page.getByLabel("Password").fill(admin.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
}

/** Runs in the page. */
const clickOn = (path: string): string => `{
  const link = document.createElement("a");
  link.href = ${JSON.stringify(path)};
  document.body.append(link);
  link.click();
  link.remove();
}`;

const DRAWN = "new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 30)))";

/** Until nothing is read any more; what is read begins after the page is drawn. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(DRAWN);
  await page.locator('main[aria-busy="false"]').waitFor();
}

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** Who is signed in, once for all tabs: a user has ten sessions at most. */
const signedIn = new Map<string, Promise<State>>();

async function newSession(browser: Browser, server: Pick<RunningServer, "url" | "admin">): Promise<State> {
  const context = await browser.newContext();
  await signIn(await context.newPage(), server);
  const state = await context.storageState();
  await context.close();
  return state;
}

/** A tab of its own, with somebody signed in. */
export async function openTab(
  browser: Browser,
  server: Pick<RunningServer, "url" | "admin">,
  { viewport = DESK, scheme = "light" as "light" | "dark", zone = "Etc/UTC", hasPolicy = true } = {},
): Promise<Tab> {
  const { email } = server.admin;
  const session = signedIn.get(email) ?? newSession(browser, server);
  signedIn.set(email, session);
  const storageState = await session;
  const context = await browser.newContext({
    storageState,
    viewport,
    colorScheme: scheme,
    timezoneId: zone,
    reducedMotion: "reduce",
    bypassCSP: !hasPolicy,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const cdp = await context.newCDPSession(page);
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    // Nobody being signed in yet is told by a 401, which browsers log.
    const isAsked = message.text().includes("401") && message.location().url.includes("/console/boot");
    if (message.type() === "error" && !isAsked) troubles.push(`logged: ${message.text()}`);
  });
  let asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/") && !pathname.endsWith("/console/boot"))
      asked.push(`${request.method()} ${pathname}`);
  });
  await page.addInitScript({ content: REPORT_VIOLATIONS });
  return {
    page,
    troubles: () => troubles,
    asked: () => asked,
    go: async (path) => {
      // What the page before asked for last is told of by then.
      await page.evaluate(DRAWN);
      asked = [];
      await page.evaluate(clickOn(path));
      await settled(page);
    },
    open: async (path) => {
      await page.goto(new URL(path, server.url).href, { waitUntil: "commit" });
      // Not what the page before still asked for.
      asked = [];
      await page.getByRole("heading", { level: 1 }).waitFor();
      await settled(page);
    },
    check: async (name, rules = RULES) => {
      const width = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      assert.ok(width <= 0, `${name} is ${width} px wider than the window`);
      assert.deepEqual(told(await findings(cdp, rules)), [], `${name} can be used by everybody`);
    },
    close: () => context.close(),
  };
}
