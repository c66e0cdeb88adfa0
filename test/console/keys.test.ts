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

  void it("single letters are switched off", () =>
    inTab(async ({ page, open }) => {
      await open("/");
      await page.keyboard.press("?");
      await page.getByRole("checkbox", { name: "Single letters do something" }).uncheck();
      await page.keyboard.press("Escape");
      await page.keyboard.press("c");
      assert.equal(new URL(page.url()).pathname, "/");
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog", { name: "Go to" }).waitFor();
    }));
});
