import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { HOSTILE_NAME } from "./fleet.ts";
import { inTab, theStage, VIEWS } from "./setup.ts";

/** As long as a value may be. */
const LONG = 4000;
const NAME = `${HOSTILE_NAME}\u0007 \u{1F408}‍\u{1F469}&amp;<script>document.title="run"</script>`;

void describe("names that would do harm if they were more than text", () => {
  let id = "";
  before(async () => {
    const { operator, devices } = theStage();
    id = devices[2]?.id ?? "";
    await operator.call("PUT", `/v1/inventory/devices/${id}/tags`, [
      { name: "name", value: NAME },
      { name: "long", value: "x".repeat(LONG) },
    ]);
  });

  for (const how of VIEWS)
    void it(`are text, and no wider than the window: ${how.viewport.width} px`, () =>
      inTab(async ({ page, open, check }) => {
        for (const path of ["/devices", `/devices/${id}`, `/devices/${id}/inventory`]) {
          await open(path);
          await page.getByText("\\u202egnp").first().waitFor();
          await check(`hostile names on ${path}`);
          assert.equal(await page.locator("main img, main script").count(), 0);
          assert.doesNotMatch(await page.title(), /^run/);
        }
      }, how));
});
