import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { carryOut } from "../../src/device-simulator/update.ts";
import { DESK, PHONE } from "./browser.ts";
import { operate } from "./operate.ts";
import { inTab, theStage } from "./setup.ts";

const ADMIN = { email: "newcomer@example.com", password: "correct-horse-newcomer" };
const TYPE = "board-of-newcomers";

void describe("a tenant that has nothing yet", () => {
  let tenantToken = "";
  before(async () => {
    const made = await operate("POST", "/api/operator/v1/tenants", {
      name: "Newcomers",
      user: ADMIN.email,
      password: ADMIN.password,
    });
    ({ tenant_token: tenantToken } = (await made.json()) as { tenant_token: string });
  });

  void it("is told the first steps, each as soon as the one before is done, until all are", () =>
    inTab(
      async ({ page, open, check }) => {
        const { server } = theStage();
        const stands = (step: string, word: string) =>
          page.getByRole("listitem").filter({ hasText: step }).getByText(word, { exact: true }).waitFor();
        await open("/");
        await page.getByRole("link", { name: "Begin" }).click();
        await page.getByText(tenantToken).waitFor();
        await check("the first step");
        await page.setViewportSize(PHONE);
        await check("the first step on a phone");
        await page.setViewportSize(DESK);

        const device = new SimulatedDevice({
          serverUrl: server.httpsUrl,
          ca: readFileSync(server.caFile, "utf8"),
          tenantToken,
          deviceType: TYPE,
        });
        await device.authenticate();
        await stands("1. A device asks", "done");
        await stands("2. You let it in", "next");
        await page.getByRole("link", { name: "Look at it" }).click();
        await page.getByRole("button", { name: "Accept", exact: true }).click();
        await page.getByText("No device waits to be let in").waitFor();
        await device.authenticate();
        await device.reportInventory();

        await page.goBack();
        await stands("3. A release", "next");
        await page.getByText(`is ${TYPE}, as that of yours`).waitFor();
        await page.getByRole("link", { name: "Upload a file" }).click();
        const file = { name: "hello.txt", mimeType: "text/plain", buffer: Buffer.from("hello\n") };
        await page.getByLabel("Drop a file here").setInputFiles(file);
        await page.getByRole("button", { name: "Make it" }).click();
        await page.getByRole("heading", { level: 1, name: "hello" }).waitFor();

        await open("/welcome");
        await stands("4. A deployment", "next");
        await check("the last step");
        await page.getByRole("link", { name: "New deployment" }).click();
        await page.getByRole("button", { name: "Create the deployment" }).click();
        await page.getByRole("heading", { level: 1, name: "hello" }).waitFor();
        const instructions = await device.askForUpdate();
        if (!instructions) throw new Error("no update is offered");
        await carryOut(device, instructions);
        await page.getByText("finished", { exact: true }).first().waitFor();
        await open("/welcome");
        await page.getByText("All of it is done").waitFor();
        await open("/");
        await page.getByText("Nothing needs you").waitFor();
        if ((await page.getByText("First steps").count()) > 0)
          throw new Error("the first steps are still there");
        device.close();
      },
      { admin: ADMIN },
    ));
});
