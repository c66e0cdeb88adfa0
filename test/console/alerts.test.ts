import { describe, it } from "node:test";
import { inTab, theStage } from "./setup.ts";

void describe("alerts", () => {
  void it("are acknowledged with a note, muted, and say by which rule they are", () =>
    inTab(async ({ page, open, check }) => {
      const { devices } = theStage();
      await devices[0]?.sendAlerts([
        {
          name: "Disk nearly full",
          level: "CRITICAL",
          subject: {
            name: "/data",
            type: "diskusage",
            status: "94 %",
            details: { description: "94 % used" },
          },
          timestamp: new Date().toISOString(),
        },
      ]);
      await open("/alerts");
      const row = page.getByRole("row", { name: /Disk nearly full/ });
      await row.getByRole("button", { name: "Acknowledge" }).click();
      await page.getByRole("dialog").getByLabel("Note").fill("a new disk is ordered");
      await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
      await row.getByText("a new disk is ordered").waitFor();
      await row.getByRole("button", { name: "Mute for a day" }).click();
      await row.getByRole("button", { name: "Muted" }).waitFor();
      await check("alerts, one acknowledged");

      await page.getByRole("link", { name: "Rules and mutes" }).click();
      await page.getByRole("table").nth(1).waitFor();
      await page.getByRole("button", { name: "Send a test" }).click();
      await page.getByText("A mail is on its way to admin@example.com.").waitFor();
      const rule = page.getByRole("row", { name: /^A device is silent/ });
      await rule.getByRole("button", { name: "Change" }).click();
      await page.getByRole("dialog").getByLabel("From").fill("5");
      await check("a rule that is changed");
      await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
      await rule.getByText("5 times as long").waitFor();
      await rule.getByRole("button", { name: "Reset" }).click();
      await rule.getByText("3 times as long").waitFor();
      await page.getByRole("button", { name: "Undo" }).click();
      await rule.getByText("5 times as long").waitFor();
      await rule.getByRole("button", { name: "Reset" }).click();
      await rule.getByText("3 times as long").waitFor();
      await check("rules and mutes");
      await page.getByRole("button", { name: "End", exact: true }).click();
      const none = page.getByText("Nothing is. An alert is muted where it stands.");
      await none.waitFor();
      const ended = page.locator("output.toasts > div", { hasText: "It is muted no more." });
      await check("what can be undone");
      await ended.getByRole("button", { name: "Undo" }).click();
      await page.getByRole("button", { name: "End", exact: true }).click();
      await none.waitFor();
    }));
});
