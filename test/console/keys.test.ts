import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FIRST_DEVICE } from "./fleet.ts";
import { inTab } from "./setup.ts";

void describe("by keys alone", () => {
  void it("every place is reached, and a device by its name", () =>
    inTab(async ({ page, open, check }) => {
      await open("/");
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
      await check("the list of keys");
      await page.keyboard.press("Escape");
      await page.keyboard.press("g");
      await page.keyboard.press("d");
      await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
      await page.keyboard.press("Control+k");
      await page.keyboard.type(FIRST_DEVICE);
      await page.getByRole("option", { name: FIRST_DEVICE }).waitFor();
      await check("the palette");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: FIRST_DEVICE }).waitFor();
      await page.keyboard.press("Control+k");
      await page.keyboard.type("new dep");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "New deployment" }).waitFor();
    }));

  void it("a query is typed, rows are gone through, selected and opened", () =>
    inTab(async ({ page, open }) => {
      await open("/devices");
      await page.keyboard.press("/");
      await page.keyboard.type("status:accepted type:board-a");
      await page.keyboard.press("Enter");
      await page.getByText("1–3 of 3").waitFor();
      await page.getByRole("heading", { level: 1 }).evaluate("document.activeElement.blur()");
      await page.keyboard.press("j");
      await page.keyboard.press("j");
      await page.keyboard.press("x");
      await page.getByText("1 device selected").waitFor();
      await page.keyboard.press("k");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/devices\/[0-9a-f-]{36}$/);
    }));

  void it("rows from one to another are selected", () =>
    inTab(async ({ page, open }) => {
      await open("/devices");
      await page.getByText("1–9 of 9").waitFor();
      const press = async (...keys: string[]) => {
        for (const key of keys) await page.keyboard.press(key);
      };
      await press("j", "j", "Shift+X");
      await page.getByText("1 device selected").waitFor();
      await press("j", "j", "j", "Shift+X");
      await page.getByText("4 devices selected").waitFor();
      const picked = () =>
        page
          .locator("tbody tr")
          .evaluateAll((rows) => rows.flatMap((row, i) => (row.querySelector(":checked") ? [i] : [])));
      assert.deepEqual(await picked(), [1, 2, 3, 4]);
      // Upwards, from the one that was selected by the pointer.
      await page.getByRole("button", { name: "Select none" }).click();
      await page.getByRole("heading", { level: 1 }).evaluate("document.activeElement.blur()");
      await page.locator("tbody tr").nth(2).getByRole("checkbox").check();
      await press("k", "k", "Shift+X");
      await page.getByText("3 devices selected").waitFor();
      assert.deepEqual(await picked(), [0, 1, 2]);
    }));

  void it("the list is gone through from device to device", () =>
    inTab(async ({ page, open }) => {
      await open("/devices?q=status%3Aaccepted+type%3Aboard-a");
      const links = page.locator("main tbody a[href^='/devices/']");
      const paths = await links.evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""));
      assert.equal(paths.length, 3);
      await links.first().click();
      await page.getByRole("link", { name: "Inventory" }).click();
      await page.waitForURL(`**${paths[0]}/inventory`);
      await page.keyboard.press("]");
      await page.waitForURL(`**${paths[1]}/inventory`);
      await page.keyboard.press("]");
      await page.waitForURL(`**${paths[2]}/inventory`);
      await page.keyboard.press("]");
      await page.getByText("This is the last on its page of the list.").waitFor();
      await page.keyboard.press("[");
      await page.waitForURL(`**${paths[1]}/inventory`);
      // In a field it is a letter.
      await page.locator("main input").first().focus();
      await page.keyboard.press("[");
      await page.waitForURL(({ searchParams }) => searchParams.get("find") === "[");
      assert.equal(new URL(page.url()).pathname, `${paths[1]}/inventory`);
      // Nothing is known of a list where a page is opened by its address.
      await open(paths[1] ?? "");
      await page.keyboard.press("[");
      await page.getByText("This was opened from no list: there is no next one.").waitFor();
      assert.equal(new URL(page.url()).pathname, paths[1]);
    }));

  void it("single letters are switched off", () =>
    inTab(async ({ page, open }) => {
      await open("/");
      await page.keyboard.press("?");
      await page.getByRole("checkbox", { name: "Single letters do something" }).uncheck();
      await page.keyboard.press("Escape");
      await page.keyboard.press("c");
      assert.equal(new URL(page.url()).pathname, "/");
      await page.keyboard.press("]");
      assert.equal(await page.getByText("opened from no list").count(), 0);
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog", { name: "Go to" }).waitFor();
    }));
});
