import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RELEASE } from "./fleet.ts";
import { inTab } from "./setup.ts";

void describe("releases", () => {
  void it("say how far they have come, all of a page in one question", () =>
    inTab(async ({ page, open, check, asked }) => {
      await open("/releases");
      const row = page.getByRole("row", { name: new RegExp(RELEASE.replaceAll(".", "\\.")) });
      await row.getByText(/updated \d+, failed \d+, on the way \d+/).waitFor({ state: "attached" });
      assert.equal(asked().filter((one) => one.endsWith("/releases/adoption")).length, 1);
      await check("releases with their adoption");
    }));

  void it("say which devices run it, for how many it is and what its deployments came to", () =>
    inTab(async ({ page, open, check }) => {
      await open(`/releases/${RELEASE}`);
      await page
        .getByText(/\d+ updated, \d+ on the way, \d+ failed, of \d+ devices in \d+ deployment/)
        .waitFor();
      await page
        .getByText(/\d+ of \d+ devices/)
        .first()
        .waitFor();
      await page.getByText("Updated on each day").first().click();
      await page.getByRole("row", { name: /^\d{4}-\d{2}-\d{2} \d+$/ }).waitFor();
      await check("the adoption of a release");
      const link = page.getByRole("definition").getByRole("link", { name: /device/ });
      const number = Number.parseInt((await link.textContent()) ?? "", 10);
      assert.ok(number > 0);
      await link.click();
      await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
      await page.getByRole("table").waitFor();
      assert.equal(await page.getByRole("row").count(), number + 1);
    }));
});
