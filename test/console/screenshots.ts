/**
 * Pictures of every page, of a server that has a fleet (`npm run demo -- --fleet 50`):
 * `npm run console:pictures -- URL EMAIL PASSWORD [FOLDER]`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Management } from "../clients/management.ts";
import { DESK, openTab, PHONE, startBrowser } from "./browser.ts";
import { addWebhook, pagesOf, shownOf } from "./pages.ts";

const MOST_BYTES = 60_000;
const RESTED_MS = 600;
const QUALITIES = [70, 50, 30, 10];

const [url, email, password, folder = "docs/console"] = process.argv.slice(2);
if (!url || !email || !password) throw new Error("usage: npm run console:pictures -- URL EMAIL PASSWORD");

const server = { url, admin: { email, password } };
const operator = await Management.login(server);
await addWebhook(operator);
const pages = Object.entries(pagesOf(await shownOf(operator)));
const browser = await startBrowser();
mkdirSync(folder, { recursive: true });
try {
  for (const viewport of [DESK, PHONE])
    for (const scheme of ["light", "dark"] as const) {
      const { page, open, troubles, close } = await openTab(browser, server, { viewport, scheme });
      const cdp = await page.context().newCDPSession(page);
      /** The best picture that is small enough. */
      const picture = async (): Promise<Buffer> => {
        for (const quality of QUALITIES) {
          const { data } = await cdp.send("Page.captureScreenshot", { format: "webp", quality });
          const bytes = Buffer.from(data, "base64");
          if (bytes.length <= MOST_BYTES) return bytes;
        }
        throw new Error(`${page.url()} makes too large a picture`);
      };
      for (const [name, path] of pages) {
        await open(path);
        // What is asked for once somebody has stopped to type.
        await page.waitForTimeout(RESTED_MS);
        await page.locator('main[aria-busy="false"]').waitFor();
        writeFileSync(join(folder, `${name}-${viewport.width}-${scheme}.webp`), await picture());
      }
      for (const trouble of troubles()) console.error(trouble);
      await close();
    }
} finally {
  await browser.close();
}
