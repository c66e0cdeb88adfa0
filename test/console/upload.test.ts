import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { anArtifact } from "./fleet.ts";
import { inTab, theStage } from "./setup.ts";

const PAYLOAD_BYTES = 30_000_000;
const BYTES_A_SECOND = 20_000_000;
const CUTS = 2;
const LATEST_CUT_MS = 900;

void describe("an upload", () => {
  void it("that is cut at random goes on after each reload with what has arrived, and is whole", () =>
    inTab(
      async ({ page, open }) => {
        const { folder, operator } = theStage();
        const name = "large-1.0";
        const file = join(folder, "large.mender");
        const artifact = await anArtifact(name, randomBytes(PAYLOAD_BYTES));
        writeFileSync(file, Buffer.from(await artifact.arrayBuffer()));
        page.on("dialog", (dialog) => void dialog.accept().catch(() => {}));
        const cdp = await page.context().newCDPSession(page);
        await cdp.send("Network.enable");
        await cdp.send("Network.emulateNetworkConditions", {
          offline: false,
          latency: 0,
          downloadThroughput: -1,
          uploadThroughput: BYTES_A_SECOND,
        });
        let sent: string[] = [];
        page.on("request", (request) => {
          const part = new URL(request.url()).searchParams.get("part");
          if (request.method() === "PUT" && part !== null) sent.push(part);
        });
        const begin = async (button: string) => {
          await open("/releases/upload");
          await page.getByLabel("Drop a file here").setInputFiles(file);
          sent = [];
          await page.getByRole("button", { name: button, exact: true }).click();
        };
        await begin("Upload");
        for (let cut = 1; cut <= CUTS; cut += 1) {
          const afterMs = randomInt(100, LATEST_CUT_MS);
          await page.getByText(/ a second/).waitFor();
          await page.evaluate(`new Promise((over) => setTimeout(over, ${afterMs}))`);
          assert.equal(await page.getByText("It is there and checked").count(), 0, `cut after ${afterMs} ms`);
          await begin("Go on with the upload");
        }
        await page.getByText("It is there and checked").waitFor({ timeout: 30_000 });
        const kept = await page.evaluate<string | null>(`localStorage.getItem("edgemend.upload")`);
        assert.equal(kept, null);
        assert.equal(new Set(sent).size, sent.length, "no part was sent twice after the last reload");
        const [release] = (await (
          await operator.call("GET", `/v2/deployments/deployments/releases?name=${name}`)
        ).json()) as { artifacts: { size: number }[] }[];
        assert.equal(release?.artifacts[0]?.size, artifact.size);
      },
      { isFailing: true },
    ));
});
