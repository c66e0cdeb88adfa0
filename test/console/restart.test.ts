import { describe, it } from "node:test";
import { aKey } from "./fleet.ts";
import { inTab, restartServer, theStage } from "./setup.ts";

void describe("a server that is restarted under an open page", () => {
  void it("leaves the page as it is, which says so, goes on by itself, and keeps who is signed in", () =>
    inTab(
      async ({ page, open, go }) => {
        const { operator } = theStage();
        await open("/deployments/new");
        await page.getByLabel("Name of the deployment").fill("half written");
        await restartServer(async () => {
          await page.getByText("not live").waitFor();
          await page.getByLabel("Name of the deployment").click();
        });
        await page.getByText("not live").waitFor({ state: "detached", timeout: 30_000 });
        await page.getByLabel("Name of the deployment").waitFor();
        const name = await page.getByLabel("Name of the deployment").inputValue();
        if (name !== "half written") throw new Error(`what was typed is ${name}`);
        await go("/devices?q=status%3Apreauthorized");
        await page.getByText("No device matches").waitFor();
        const made = await operator.call("POST", "/v2/devauth/devices", {
          identity_data: { mac: "02:00:00:00:ff:09" },
          pubkey: aKey(),
        });
        await page.getByRole("link", { name: "02:00:00:00:ff:09" }).waitFor();
        await operator.call(
          "DELETE",
          `/v2/devauth/devices/${made.headers.get("location")?.split("/").at(-1)}`,
        );
      },
      { isFailing: true },
    ));
});
