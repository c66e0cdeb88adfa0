import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COLOURS } from "./browser.ts";
import { pagesOf, shownOf } from "./pages.ts";
import { inTab, theStage, TWO_TABS, VIEWS } from "./setup.ts";

const MOST_REQUESTS = 3;

void describe("every page", TWO_TABS, () => {
  for (const [index, how] of VIEWS.entries())
    void it(`is for everybody in the light and in the dark, and asks little: ${how.viewport.width} px`, () =>
      inTab(async ({ page, open, go, check, asked }) => {
        const pages = Object.entries(pagesOf(await shownOf(theStage().operator)));
        await open("/");
        const wrong: string[] = [];
        for (const [at, [name, path]] of pages.entries()) {
          // By its address in one view, in the other from the page before.
          await (at % VIEWS.length === index ? open(path) : go(path));
          // Each once: what changes meanwhile is read again.
          const requests = [...new Set(asked())];
          if (requests.length > MOST_REQUESTS) wrong.push(`${name} asks ${requests.join(", ")}`);
          const wrongIf = (cause: Error) => void wrong.push(cause.message);
          await page.emulateMedia({ colorScheme: "light" });
          await check(`${name}, in the light`).catch(wrongIf);
          await page.emulateMedia({ colorScheme: "dark" });
          await check(`${name}, in the dark`, COLOURS).catch(wrongIf);
        }
        assert.deepEqual(wrong, []);
      }, how));
});
