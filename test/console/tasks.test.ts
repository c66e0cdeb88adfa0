import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { anArtifact } from "./fleet.ts";
import { inTab, theStage } from "./setup.ts";
import { TASKS } from "./tasks.ts";

/** Runs in the page: what people press, and not what the test makes. */
const COUNT = `addEventListener("click", (event) => {
  if (event.isTrusted && event.detail > 0) sessionStorage.setItem("clicks", String(Number(sessionStorage.getItem("clicks")) + 1));
}, true);`;

const DOCUMENT = readFileSync("docs/console.md", "utf8");

void describe("what people come for, in clicks", () => {
  const failed = { device: "", deployment: "" };
  const file = { path: "", release: "careful-4.0" };
  const took: string[] = [];
  before(async () => {
    const { devices, folder } = theStage();
    const second = devices[1];
    failed.device = second?.identity.mac ?? "";
    failed.deployment = `to ${failed.device}`;
    file.path = join(folder, "careful.mender");
    writeFileSync(file.path, Buffer.from(await (await anArtifact(file.release)).arrayBuffer()));
  });
  after(() => console.log(`\n| Task | Clicks | Seconds |\n| --- | ---: | ---: |\n${took.join("\n")}\n`));

  for (const { name, clicks, work } of TASKS)
    void it(`${name} ${clicks}`, () =>
      inTab(async (tab) => {
        const { page, open } = tab;
        await page.addInitScript({ content: COUNT });
        await open("/");
        const began = performance.now();
        await work({ ...tab, failed, file });
        const seconds = (performance.now() - began) / 1000;
        const counted = await page.evaluate<number>(`Number(sessionStorage.getItem("clicks"))`);
        took.push(`| ${name} | ${counted} | ${seconds.toFixed(1)} |`);
        assert.equal(counted, clicks);
        assert.ok(DOCUMENT.includes(`\n| ${name} | ${clicks} |`), "the document says so");
      }));
});
