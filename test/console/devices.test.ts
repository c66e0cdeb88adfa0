import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FIRST_DEVICE } from "./fleet.ts";
import { inTab, TWO_TABS, VIEWS } from "./setup.ts";

void describe("the pages of devices in their states", TWO_TABS, () => {
  for (const how of VIEWS)
    void it(`are for everybody: ${how.viewport.width} px, ${how.scheme}`, () =>
      inTab(async ({ open, check }) => {
        for (const path of [
          "/",
          "/devices",
          "/devices?q=status%3Aaccepted+nobody",
          "/devices?q=or+seen%3A1",
          "/admission",
        ]) {
          await open(path);
          await check(path);
        }
      }, how));
});

void describe("the pages of devices", () => {
  void it("find devices by a query that stands in the address", () =>
    inTab(async ({ page, open }) => {
      await open("/devices");
      await page.getByText("1–9 of 9").waitFor();
      await page.getByRole("combobox", { name: "Query" }).fill("status:accepted type:board-a");
      await page.getByText("1–3 of 3").waitFor();
      assert.equal(new URL(page.url()).searchParams.get("q"), "status:accepted type:board-a");
      await page.getByRole("button", { name: "Without type:board-a" }).click();
      await page.getByText("1–6 of 6").waitFor();
      await page.goBack();
      await page.getByText("1–3 of 3").waitFor();
    }));

  void it("take several groups of conditions, and offer the values that devices have", () =>
    inTab(async ({ page, open, check }) => {
      await open("/devices");
      const bar = page.getByRole("combobox", { name: "Query" });
      await bar.fill("type:board");
      await page.locator('datalist option:text-is("type:board-b")').waitFor({ state: "attached" });
      await bar.fill("status:pending or status:accepted type:board-a");
      await page.getByText("1–6 of 6").waitFor();
      await check("groups of conditions");
      await page.getByRole("button", { name: "Without status:pending" }).click();
      await page.getByText("1–3 of 3").waitFor();
      assert.equal(new URL(page.url()).searchParams.get("q"), "status:accepted type:board-a");
    }));

  void it("keep a query as a view, and forget it", () =>
    inTab(async ({ page, open }) => {
      await open("/devices?q=status%3Apending");
      await page.getByRole("button", { name: "Save this view" }).click();
      await page.getByLabel("Name").fill("who waits");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByRole("link", { name: "who waits" }).click();
      await page.getByText("1–3 of 3").waitFor();
      await page.getByRole("button", { name: "Delete this view" }).click();
      await page.getByText("The view is gone.").waitFor();
    }));

  void it("put devices into a group, those selected and no others", () =>
    inTab(async ({ page, open }) => {
      await open("/devices?q=status%3Aaccepted");
      await page.getByRole("checkbox", { name: `Select ${FIRST_DEVICE}` }).check();
      await page.getByText("1 device selected").waitFor();
      await page.getByRole("button", { name: "Put into a group" }).click();
      await page.getByRole("combobox", { name: "Group" }).fill("lab");
      await page.getByRole("dialog").getByRole("button", { name: "Put into a group" }).click();
      await page.getByText("1 of 1 device done.").waitFor();
      await page.getByRole("button", { name: "Close" }).click();
      await open("/devices?q=group%3Alab");
      await page.getByText("1–1 of 1").waitFor();
    }));
});
