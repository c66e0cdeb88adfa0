import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inTab, theStage } from "./setup.ts";

const DAY_MS = 86_400_000;

void describe("home", () => {
  void it("says when a deployment is expected to be through, where the server can tell", () =>
    inTab(async ({ page, open, check }) => {
      const answer = await theStage().operator.call("GET", "/v1/console/home");
      const home = (await answer.json()) as object;
      await page.route("**/console/home", async (route) => {
        const common = { artifact_name: "gateway-2.0", devices: 100, success: 50, failure: 0 };
        const finish = new Date(Date.now() + DAY_MS).toISOString();
        const running = [
          { id: "1", name: "steady", ...common, finish_ts: finish },
          { id: "2", name: "in phases", ...common, waits_for: { phase: 2, results: 8, approvals: 1 } },
          { id: "3", name: "nobody knows", ...common },
        ];
        const hours = Array.from({ length: 168 }, (_, i) => (i < 100 ? null : i % 50));
        const seen = { from_ts: "2026-01-05T00:00:00.000Z", hours };
        await route.fulfill({ json: { ...home, running, seen } });
      });
      await open("/");
      const bars = page.getByRole("list", { name: "Deployments under way" }).getByRole("listitem");
      await bars
        .filter({ hasText: "steady" })
        .getByText(/95 % likely/)
        .waitFor();
      await bars
        .filter({ hasText: "in phases" })
        .getByText("phase 2 waits for 8 good enough results of phase 1 and 1 approval")
        .waitFor();
      await bars.filter({ hasText: /^nobody knows(?!.*(95 %|waits))/ }).waitFor();
      await page
        .getByText(
          "17 devices in this hour so far, between 0 and 49 in 67 hours before it, nothing is known of 100 hours",
        )
        .waitFor();
      await page.getByText("As a table").click();
      const rows = page.getByRole("region", { name: "Devices heard of by hour" }).getByRole("row");
      await rows.filter({ hasText: /100 hours\s*not known/ }).waitFor();
      assert.equal(await rows.count(), 1 + 68 + 1);
      await check("deployments with an expected finish, and devices by hour");
    }));
});
