import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { carryOut } from "../../src/device-simulator/update.ts";
import type { Tab } from "./browser.ts";
import { anArtifact, RELEASE } from "./fleet.ts";
import { inTab, theStage, VIEWS } from "./setup.ts";

const NEXT = "gateway-3.0";

async function create({ page, open }: Tab, release: string, name: string): Promise<void> {
  await open(`/deployments/new?release=${release}`);
  await page.getByLabel("Name of the deployment").fill(name);
  await page.getByLabel("It goes").selectOption({ label: "all at once" });
  await page.getByRole("button", { name: "Create the deployment" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

void describe("what people come for", () => {
  void it("a file becomes a release, a deployment, and is finished while one looks", () =>
    inTab(async (tab) => {
      const { page, open, check } = tab;
      await open("/releases/upload");
      const file = await anArtifact(NEXT);
      const buffer = Buffer.from(await file.arrayBuffer());
      const artifact = { name: "next.mender", mimeType: "application/octet-stream", buffer };
      await page.getByLabel("Drop a file here").setInputFiles(artifact);
      await page.getByText(NEXT, { exact: true }).waitFor();
      await check("what a file will become");
      await page.getByRole("button", { name: "Upload", exact: true }).click();
      await page.getByText("It is there and checked").waitFor();
      await page.getByRole("link", { name: "Deploy this" }).click();
      await page.getByRole("heading", { level: 1, name: "New deployment" }).waitFor();
      assert.equal(await page.getByLabel("Release", { exact: true }).inputValue(), NEXT);
      await create(tab, NEXT, "to all");
      for (const device of theStage().devices) {
        const instructions = device.id ? await device.askForUpdate() : undefined;
        if (instructions) await carryOut(device, instructions);
      }
      await page.getByText("finished", { exact: true }).waitFor();
      await check("the report of what is finished");
    }));

  void it("a deployment is stopped from a phone", () =>
    inTab(async (tab) => {
      const { page } = tab;
      await create(tab, RELEASE, "too soon");
      await page.getByRole("button", { name: "Abort", exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Abort", exact: true }).click();
      await page.getByRole("button", { name: "Abort", exact: true }).waitFor({ state: "detached" });
      await page.getByText("aborted", { exact: true }).first().waitFor();
    }, VIEWS[1]));

  void it("a device is let in", () =>
    inTab(async ({ page, open }) => {
      await open("/admission");
      const rows = page.locator("tbody tr");
      const before = await rows.count();
      await page.getByRole("button", { name: "Accept", exact: true }).first().click();
      await rows.nth(before - 1).waitFor({ state: "detached" });
    }));
});
