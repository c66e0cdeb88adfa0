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
          { id: "2", name: "in phases", ...common },
        ];
        await route.fulfill({ json: { ...home, running } });
      });
      await open("/");
      const bars = page.getByRole("list", { name: "Deployments under way" }).getByRole("listitem");
      await bars
        .filter({ hasText: "steady" })
        .getByText(/95 % about/)
        .waitFor();
      await bars.filter({ hasText: /^in phases(?!.*95 % about)/ }).waitFor();
      await check("deployments with an expected finish");
    }));
});
