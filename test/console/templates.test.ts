import { describe, it } from "node:test";
import { RELEASE } from "./fleet.ts";
import { inTab } from "./setup.ts";

void describe("a deployment that is kept as a template", () => {
  void it("makes the next one in two fields, and is removed", () =>
    inTab(async ({ page, open, check }) => {
      await open(`/deployments/new?release=${RELEASE}`);
      await page.getByLabel("Name of the deployment").fill("carefully");
      await page.getByLabel("First", { exact: true }).fill("1");
      await page.getByRole("button", { name: "Create the deployment" }).click();
      await page.getByRole("heading", { level: 1, name: "carefully" }).waitFor();
      await page.getByRole("button", { name: "Keep as template" }).click();
      await page.getByLabel("Name of the template").fill("a careful one");
      await page.getByRole("dialog").getByRole("button", { name: "Keep as template" }).click();
      await page.getByText("The template is kept").waitFor();
      await page.getByRole("button", { name: "Abort", exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Abort", exact: true }).click();

      await open("/deployments/templates");
      const row = page.getByRole("row", { name: /^a careful one/ });
      await row.getByRole("cell", { name: "all accepted devices" }).waitFor();
      await row.getByRole("cell", { name: "2 phases, stops by rule, with the judge" }).waitFor();
      await check("templates");
      await row.getByRole("button", { name: "Use" }).click();
      await page.getByRole("dialog").getByLabel("Name of the deployment").fill("carefully again");
      await check("a template that is used");
      await page.getByRole("dialog").getByRole("button", { name: "Create the deployment" }).click();
      await page.getByRole("heading", { level: 1, name: "carefully again" }).waitFor();
      await page.getByText(/It pauses at 5 % failures/).waitFor();
      await page.getByRole("button", { name: "Abort", exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Abort", exact: true }).click();

      await open("/deployments/templates");
      await row.getByRole("button", { name: "Remove" }).click();
      await row.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Undo" }).click();
      await row.getByRole("button", { name: "Remove" }).click();
      await row.waitFor({ state: "detached" });
    }));
});
