import { loadavg } from "node:os";
import { rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { DESK, openTab, PHONE, startBrowser } from "../test/console/browser.ts";
import { startGzipProxy } from "./gzip-proxy.ts";
import { ADMIN, newDataFolder, percentile, startLocalServer } from "./local-server.ts";
import { seedFleet } from "./seed-inventory.ts";

/**
 * What somebody at the console waits for, with a great fleet, in the system's Chromium: `npm run bench:console`, or
 * `node bench/console.ts DEVICES`. The server is on this machine; what it sends is compressed as at the edge.
 */
const [DEVICES = 100_000] = process.argv.slice(2).map(Number);
const RUNS = 5;
const PAGES = 9;
const QUERY = "status:accepted type:raspberrypi4 site:oslo";
const KEY_MS = 70;

/** 1.6 Mbit/s down and half of it up, 150 ms there and back. */
const SLOW = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 100_000 };

interface Row {
  name: string;
  value: number;
  most: number;
  unit: string;
  load: string;
}

const rows: Row[] = [];
const note = (name: string, value: number, most: number, unit: string) =>
  void rows.push({ name, value, most, unit, load: loadavg()[0]?.toFixed(1) ?? "" });

/** Runs in the page before anything of it: when rows are there, and what holds up the page. */
const WATCH = `
  let tell;
  window.rowsAt = new Promise((resolve) => (tell = resolve));
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
  }).observe({ type: "longtask", buffered: true });
  const look = new MutationObserver(() => {
    if (!document.querySelector("main tbody tr")) return;
    look.disconnect();
    requestAnimationFrame(() => setTimeout(() => tell(performance.now())));
  });
  look.observe(document, { childList: true, subtree: true });
`;

type Place = { url: string; admin: typeof ADMIN };

/** A tab of its own for one work, with nothing in its cache. */
async function inTab<T>(
  browser: Browser,
  place: Place,
  viewport: typeof DESK,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const { page, close } = await openTab(browser, place, { viewport });
  await page.addInitScript({ content: WATCH });
  try {
    return await work(page);
  } finally {
    await close();
  }
}

async function rowsVisible(page: Page, url: string): Promise<number> {
  await page.goto(`${url}/devices`, { waitUntil: "commit" });
  return page.evaluate<number>("window.rowsAt");
}

async function repeated(work: () => Promise<number>): Promise<number> {
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run += 1) samples.push(await work());
  return percentile(samples, 0.5);
}

async function firstLoad(browser: Browser, place: Place): Promise<void> {
  await inTab(browser, place, DESK, async (page) => {
    let bytes = 0;
    const bodies: Promise<void>[] = [];
    const asked: string[] = [];
    page.on("response", (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.startsWith("/api/")) asked.push(pathname);
      else
        bodies.push(
          response.body().then((body) => {
            bytes += gzipSync(body, { level: 9 }).length;
          }),
        );
    });
    await rowsVisible(page, place.url);
    await page.locator('main[aria-busy="false"]').waitFor();
    await Promise.all(bodies);
    note("first load of the list of devices, its program included, gzip", bytes / 1000, 75, "kB");
    const own = asked.filter((path) => !path.endsWith("/console/boot") && !path.endsWith("/events/live"));
    note("requests of that page after boot", own.length, 3, "");
  });
}

/** From the press of a button to other rows on the screen. */
const NEXT = `new Promise((done) => {
  const first = document.querySelector("main tbody tr a").href;
  const began = performance.now();
  const look = new MutationObserver(() => {
    const link = document.querySelector("main tbody tr a");
    if (!link || link.href === first) return;
    look.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  });
  look.observe(document.querySelector("main"), { childList: true, subtree: true, attributes: true, characterData: true });
  [...document.querySelectorAll("main nav button")].find(({ textContent }) => textContent === "Next").click();
})`;

async function pageChange(browser: Browser, place: Place): Promise<void> {
  await inTab(browser, place, DESK, async (page) => {
    await rowsVisible(page, place.url);
    await page.locator('main[aria-busy="false"]').waitFor();
    const samples: number[] = [];
    for (let at = 0; at < PAGES; at += 1) samples.push(await page.evaluate<number>(NEXT));
    note(`page change in a list of ${DEVICES}, median of ${PAGES}`, percentile(samples, 0.5), 150, "ms");
    note("  the slowest of them", Math.max(...samples), Infinity, "ms");
  });
}

async function typing(browser: Browser, place: Place): Promise<void> {
  await inTab(browser, place, DESK, async (page) => {
    await rowsVisible(page, place.url);
    await page.locator('main[aria-busy="false"]').waitFor();
    await page.getByRole("combobox", { name: "Query" }).focus();
    await page.locator('main[aria-busy="false"]').waitFor();
    await page.evaluate("window.longest = 0");
    await page.keyboard.type(QUERY, { delay: KEY_MS });
    await page.getByRole("button", { name: "Without site:oslo" }).waitFor();
    await page.locator('main[aria-busy="false"]').waitFor();
    note(
      "longest task while a query is typed (0: none of 50 ms)",
      await page.evaluate<number>("window.longest"),
      50,
      "ms",
    );
  });
}

async function slowPhone(browser: Browser, place: Place): Promise<number> {
  return inTab(browser, place, PHONE, async (page) => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Network.enable");
    await cdp.send("Network.emulateNetworkConditions", SLOW);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    return rowsVisible(page, place.url);
  });
}

const data = await newDataFolder();
try {
  await (await startLocalServer(data)).stop();
  console.error(`${DEVICES} devices in ${(await seedFleet(data, DEVICES)).toFixed(1)} s`);
  const server = await startLocalServer(data);
  const proxy = await startGzipProxy(server.url);
  const browser = await startBrowser();
  const place = { url: proxy.url, admin: ADMIN };
  try {
    // Once, so that the server has read its programs and counted its fleet.
    await inTab(browser, place, DESK, (page) => rowsVisible(page, place.url));
    await firstLoad(browser, place);
    const desk = () => inTab(browser, place, DESK, (page) => rowsVisible(page, place.url));
    note("rows visible on a desk", await repeated(desk), 1000, "ms");
    const phone = () => slowPhone(browser, place);
    note("rows visible at 390 px, 1.6 Mbit/s, 150 ms, CPU ÷ 4", await repeated(phone), 2500, "ms");
    await pageChange(browser, place);
    await typing(browser, place);
  } finally {
    await browser.close();
    proxy.close();
    await server.stop();
  }
} finally {
  await rm(data, { recursive: true, force: true });
}

console.log("| What | Measured | At most | Load |\n| --- | ---: | ---: | ---: |");
for (const { name, value, most, unit, load } of rows)
  console.log(
    `| ${name} | ${value.toFixed(unit === "kB" ? 1 : 0)} ${unit} | ${most === Infinity ? "" : `${most} ${unit}`} | ${load} |`,
  );
process.exitCode = rows.some(({ value, most }) => value > most) ? 1 : 0;
