import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Bench } from "../clients/bench.ts";
import { MenderCli } from "../clients/cli.ts";
import { whatIsMissing, whatIsMissingFor } from "../clients/programs.ts";
import type { Tab } from "./browser.ts";
import { inTab, theStage, VIEWS } from "./setup.ts";

const missing = [...whatIsMissing(), ...whatIsMissingFor("remote access")];
const PROMPT_MS = 5000;
const ATTEMPTS = 5;

/** Runs in the page. */
const COLOUR = `getComputedStyle(
  [...document.querySelectorAll(".xterm-rows span")].find(({ textContent }) => textContent === "red42"),
).color`;

const screenOf = ({ page }: Tab) => page.locator(".xterm-rows");

/** Now and then mender-connect starts a shell whose output it never reads: the user leaves and comes again. */
async function openShell(tab: Tab): Promise<void> {
  const { page } = tab;
  for (let attempt = 1; ; attempt += 1) {
    await page.getByRole("button", { name: /^Open (a terminal|another)$/ }).click();
    try {
      await screenOf(tab).getByText(/[$#]/).first().waitFor({ timeout: PROMPT_MS });
      return;
    } catch (cause) {
      if (attempt === ATTEMPTS) throw cause;
      await page.getByRole("button", { name: "Disconnect" }).click();
    }
  }
}

void describe("a device with mender-connect", { skip: missing.length > 0 && missing.join(" ") }, () => {
  let bench: Bench;
  let id = "";
  before(async () => {
    const { server, operator, folder } = theStage();
    bench = new Bench(server, operator, new MenderCli(server, server.url, folder), `${folder}/terminal`);
    ({ id } = await bench.reachable({ name: "board", deviceType: "terminal-board" }));
  });
  after(async () => {
    const { operator } = theStage();
    await bench.clear();
    await operator.call("DELETE", `/v2/devauth/devices/${id}`);
  });

  void it("has a terminal in colours, and its recording is played", () =>
    inTab(async (tab) => {
      const { page, open, check } = tab;
      await open(`/devices/${id}/terminal`);
      await check("a terminal that is closed");
      await openShell(tab);
      await page.getByText("recorded;").waitFor();
      await page.keyboard.type("printf '\\033[31mred%s\\033[0m\\n' $((6 * 7))\n");
      const red = screenOf(tab).getByText("red42", { exact: true });
      await red.waitFor();
      assert.equal(await page.evaluate<string>(COLOUR), "rgb(204, 0, 0)");
      await check("a terminal that is open");
      await page.keyboard.press("Control+]");
      await page.keyboard.press("Enter");
      await page.getByText("You have left it.").waitFor();

      await open("/sessions");
      await page.getByRole("link", { name: /^Play/ }).first().click();
      await screenOf(tab).getByText("red42", { exact: true }).waitFor();
      await check("the player");
    }));

  void it("has a terminal on a phone, with keys that phones lack", () =>
    inTab(async (tab) => {
      const { page, open, check } = tab;
      await open(`/devices/${id}/terminal`);
      await openShell(tab);
      await page.keyboard.type("sleep 1000\n");
      await page.getByRole("button", { name: "Ctrl-C" }).click();
      await screenOf(tab).getByText("^C").waitFor();
      await check("a terminal on a phone");
      await page.keyboard.type("exit\n");
      await page.getByText("The shell has ended.").waitFor();
    }, VIEWS[1]));

  void it("takes and gives files", () =>
    inTab(async ({ page, open, check }) => {
      await open(`/devices/${id}/files`);
      const path = `${theStage().folder}/greeting.txt`;
      const file = { name: "greeting.txt", mimeType: "text/plain", buffer: Buffer.from("hello, device\n") };
      await page.getByLabel("File", { exact: true }).setInputFiles(file);
      await page.getByLabel("Path on the device").fill(path);
      await page.getByRole("button", { name: "Upload" }).click();
      await page.getByText(`greeting.txt is on the device, as ${path}.`).waitFor();
      await page.getByLabel("Path of the file").fill(path);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download" }).click(),
      ]);
      assert.equal(download.suggestedFilename(), "greeting.txt");
      await check("files");
    }));
});
