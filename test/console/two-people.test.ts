import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RELEASE } from "./fleet.ts";
import { inTab, theStage } from "./setup.ts";

void describe("two people who change one thing", () => {
  void it("the notes of a release: the second is told what the first wrote, and may go on", () =>
    inTab((mine) =>
      inTab(async ({ page, open }) => {
        for (const tab of [mine, { page, open }]) {
          await tab.open(`/releases/${RELEASE}`);
          await tab.page.getByRole("button", { name: "Edit notes" }).click();
        }
        const keep = (one: typeof page, text: string) =>
          one
            .getByRole("textbox", { name: "Notes" })
            .fill(text)
            .then(() => one.getByRole("button", { name: "Keep" }).click());
        await keep(page, "from the first");
        await page.getByRole("dialog").waitFor({ state: "detached" });
        await keep(mine.page, "from the second");
        await mine.page.getByRole("alert").getByText("from the first").waitFor();
        assert.equal(await mine.page.getByRole("textbox", { name: "Notes" }).inputValue(), "from the second");
        await mine.page.getByRole("button", { name: "Keep" }).click();
        await mine.page.getByText("from the second").waitFor();
      }),
    ));

  void it("the tags of a device, by what the server says stands for them", () =>
    inTab(
      async ({ page, open, check }) => {
        const { devices, operator } = theStage();
        const id = devices[3]?.id ?? "";
        const tags = (name: string) => [{ name: "name", value: name }];
        await operator.call("PUT", `/v1/inventory/devices/${id}/tags`, tags("at first"));
        await open(`/devices/${id}/inventory`);
        await page.getByRole("button", { name: "Edit tags" }).click();
        await page.getByLabel("Value of name").fill("mine");
        await operator.call("PUT", `/v1/inventory/devices/${id}/tags`, tags("theirs"));
        await page.getByRole("button", { name: "Keep" }).click();
        await page.getByRole("alert").getByText("name = theirs").waitFor();
        await check("tags that somebody else has changed");
        await page.getByRole("button", { name: "Keep" }).click();
        await page.getByRole("heading", { level: 1, name: "mine" }).waitFor();
      },
      { isFailing: true },
    ));

  void it("the configuration of a device: what is typed stays", () =>
    inTab(async ({ page, open, check }) => {
      const { devices, operator } = theStage();
      const id = devices[4]?.id ?? "";
      const set = (value: string) =>
        operator.call("PUT", `/v1/deviceconfig/configurations/device/${id}`, { speed: value });
      await set("1");
      await open(`/devices/${id}/configuration`);
      await page.getByLabel("Value of speed").fill("3");
      await set("2");
      await page.getByRole("button", { name: "Save only" }).click();
      await page.getByRole("alert").getByText("speed = 2").waitFor();
      assert.equal(await page.getByLabel("Value of speed").inputValue(), "3");
      await check("a configuration that somebody else has changed");
      await page.getByRole("button", { name: "Save only" }).click();
      await page.getByRole("cell", { name: "3", exact: true }).waitFor();
    }));

  void it("one of them has removed it: the other is told so in the server's words", () =>
    inTab(
      async ({ page, open }) => {
        const { operator } = theStage();
        const made = await operator.call("POST", "/v2/inventory/filters", {
          name: "soon gone",
          terms: [{ scope: "system", attribute: "group", type: "$eq", value: "nowhere" }],
        });
        const id = made.headers.get("location")?.split("/").at(-1) ?? "";
        await open("/devices?q=group%3Anowhere");
        await page.getByRole("button", { name: "Delete this view" }).waitFor();
        await operator.call("DELETE", `/v2/inventory/filters/${id}`);
        await page.getByRole("button", { name: "Delete this view" }).click();
        await page.getByText(/not found|The view is gone/).waitFor();
      },
      { isFailing: true },
    ));
});
