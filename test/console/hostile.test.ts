import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { RELEASE } from "./fleet.ts";
import { SHOWN, writeHostile } from "./hostile-text.ts";
import { pagesOf } from "./pages.ts";
import { inTab, theStage, TWO_TABS, VIEWS } from "./setup.ts";

/** Pages that show some of it. */
const SHOW = new Set([
  "devices",
  "device",
  "device-inventory",
  "device-deployments",
  "report",
  "deployments",
  "templates",
  "alerts",
  "tokens",
  "provisioning",
  "roles",
  "integrations",
  "webhook",
]);

/** Runs in the page: whether anything of it became more than text. */
const HARM = `[
  window.ran === undefined ? "" : "a script ran",
  document.querySelector('[onerror], [onload], script:not([src]), iframe, a[href^="javascript"]') ? "an element was made" : "",
  document.documentElement.scrollWidth > innerWidth ? "wider than the window" : "",
].filter(Boolean).join(", ")`;

void describe("texts that would do harm if they were more than text", TWO_TABS, () => {
  let pages: [string, string][] = [];
  before(async () => {
    const { operator, devices } = theStage();
    const device = devices[2];
    if (!device) throw new Error("the fleet is too small");
    pages = Object.entries(pagesOf(await writeHostile(operator, device, RELEASE)));
  });

  for (const how of VIEWS)
    for (const hasPolicy of [true, false])
      void it(`are text on every page, ${hasPolicy ? "with" : "without"} the policy: ${how.viewport.width} px`, () =>
        inTab(
          async ({ page, go, open }) => {
            await open("/");
            const wrong: string[] = [];
            for (const [name, path] of pages) {
              await go(path);
              const isShown = page.getByText(SHOWN).first();
              if (SHOW.has(name))
                await isShown
                  .waitFor({ state: "attached" })
                  .catch(() => wrong.push(`${name} does not show it`));
              const harm = await page.evaluate<string>(HARM);
              if (harm !== "") wrong.push(`${name}: ${harm}`);
            }
            assert.deepEqual(wrong, []);
          },
          { ...how, hasPolicy },
        ));

  void it("are for everybody where they are shown, and opened", () =>
    inTab(async ({ page, open, check }) => {
      const at = Object.fromEntries(pages);
      await open(at["report-devices"] ?? "");
      await page.getByRole("button", { name: /log/i }).first().click();
      await page.getByText(SHOWN).first().waitFor();
      await check("a log with hostile text");
      for (const name of ["devices", "report", "alerts"]) {
        await open(at[name] ?? "");
        await check(`${name} with hostile text`);
      }
      assert.equal(await page.evaluate<string>(HARM), "");
    }, VIEWS[1]));

  void it("would have been noticed: without the policy such an element runs", () =>
    inTab(
      async ({ page, open }) => {
        await open("/");
        await page.evaluate(
          `new Promise((done) => { const one = document.createElement("img"); one.setAttribute("onerror", "window.ran = 1"); one.addEventListener("error", () => setTimeout(done)); one.src = "x"; document.body.append(one); })`,
        );
        assert.match(await page.evaluate<string>(HARM), /a script ran, an element was made/);
      },
      { hasPolicy: false, isFailing: true },
    ));
});
