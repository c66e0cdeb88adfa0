import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pagesOf, shownOf } from "./pages.ts";
import { inTab, theStage, VIEWS } from "./setup.ts";

const MOST_REQUESTS = 3;

void describe("every page", () => {
  for (const how of VIEWS)
    void it(`is for everybody in the light and in the dark, and asks little: ${how.viewport.width} px`, () =>
      inTab(async ({ page, open, check, asked }) => {
        const wrong: string[] = [];
        for (const [name, path] of Object.entries(pagesOf(await shownOf(theStage().operator)))) {
          await open(path);
          for (const colorScheme of ["dark", "light"] as const) {
            await page.emulateMedia({ colorScheme });
            await check(`${name}, ${colorScheme}`).catch((cause: Error) => wrong.push(cause.message));
          }
          if (asked().length > MOST_REQUESTS) wrong.push(`${name} asks ${asked().join(", ")}`);
        }
        assert.deepEqual(wrong, []);
      }, how));
});
