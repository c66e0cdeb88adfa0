import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Page } from "playwright-core";
import { RELEASE } from "./fleet.ts";
import { pagesOf, shownOf } from "./pages.ts";
import { inTab, theStage, TWO_TABS } from "./setup.ts";

const MOST_STOPS = 400;

/** Runs in the page: what has the focus, or what is wrong with that it has it. */
const FOCUSED = `(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  const name = at.getAttribute("aria-label") || at.textContent.trim().slice(0, 40) || at.id || at.tagName;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const hasParts = at.type === "date" || at.type === "datetime-local";
  if (!hasParts && outlineStyle === "none" || !hasParts && parseFloat(outlineWidth) < 1) return "unseen: " + name;
  if (box.width === 0 || box.height === 0) return "without a place: " + name;
  return "at " + name;
})()`;

/** Runs in the page: all that is reached by the tabulator, as far as HTML tells. */
const STOPS = `[...document.querySelectorAll("a[href], button:not([disabled]), input:not([disabled]), select, textarea, summary, [tabindex='0']")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert], details:not([open]) > :not(summary)")).length`;

/** Presses the tabulator until what is wanted has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await page.keyboard.press("Tab");
    if (name.test(await page.evaluate<string>(FOCUSED))) return;
  }
  throw new Error(`${String(name)} is not reached by the tabulator`);
}

const HALVES = [0, 1] as const;

void describe("every page without a mouse", TWO_TABS, () => {
  for (const half of HALVES)
    void it(`is gone through, and where one is can be seen at each step: ${half === 0 ? "even" : "odd"} ones`, async () => {
      const all = Object.entries(pagesOf(await shownOf(theStage().operator)));
      const pages = all.filter((_, index) => index % HALVES.length === half);
      await inTab(async ({ page, open, go }) => {
        await open("/");
        const wrong: string[] = [];
        for (const [name, path] of pages) {
          await go(path);
          await page.evaluate(
            "document.activeElement.blur(), getSelection().removeAllRanges(), scrollTo(0, 0)",
          );
          await page.evaluate("document.body.tabIndex = -1, document.body.focus()");
          const wanted = await page.evaluate<number>(STOPS);
          let reached = 0;
          for (; reached <= MOST_STOPS; reached += 1) {
            await page.keyboard.press("Tab");
            const at = await page.evaluate<string>(FOCUSED);
            if (at === "") break;
            if (!at.startsWith("at ")) wrong.push(`${name}: ${at}`);
          }
          // Radio buttons, and parts of a field of a date, are several for one.
          if (reached < wanted * 0.9) wrong.push(`${name}: ${reached} of ${wanted} are reached`);
        }
        assert.deepEqual([...new Set(wrong)], []);
      });
    });
});

void describe("without a mouse", () => {
  void it("somebody makes a deployment and stops it; the focus comes back from each dialog", () =>
    inTab(async ({ page, open }) => {
      await open("/");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(FOCUSED), "at To the content");
      await tabTo(page, /^at Deployments/);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "Deployments" }).waitFor();
      await tabTo(page, /^at New deployment/);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "New deployment" }).waitFor();
      await page.getByLabel("Release", { exact: true }).focus();
      await page.keyboard.type(RELEASE);
      await page.keyboard.press("Tab");
      await page.keyboard.type("by keys");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "by keys" }).waitFor();
      await tabTo(page, /^at Abort/);
      await page.keyboard.press("Enter");
      await page.getByRole("dialog", { name: "Abort" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.equal(await page.evaluate(FOCUSED), "at Abort");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog", { name: "Abort" }).waitFor();
      await tabTo(page, /^at Abort/);
      await page.keyboard.press("Enter");
      await page.getByText("aborted", { exact: true }).first().waitFor();
    }));
});
