import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RELEASE } from "./fleet.ts";
import { inTab, theStage, VIEWS } from "./setup.ts";

const DEPLOYMENTS = "/v1/deployments/deployments";
const HALF_HOUR_MS = 1_800_000;

/** One in two phases, of which the second opens soon, that one device has begun and a person holds. */
async function heldInPhases(): Promise<string> {
  const { operator, devices } = theStage();
  const made = await operator.call("POST", DEPLOYMENTS, {
    name: "over time",
    artifact_name: RELEASE,
    devices: devices.slice(2, 6).map(({ id }) => id),
    phases: [{ batch_size: 25 }, { start_ts: new Date(Date.now() + HALF_HOUR_MS).toISOString() }],
  });
  const id = made.headers.get("location")?.split("/").at(-1) ?? "";
  await devices[2]?.askForUpdate();
  await operator.call("POST", `${DEPLOYMENTS}/${id}/pause`, { reason: "for lunch" });
  return id;
}

void describe("a deployment over time", () => {
  void it("is drawn with its plan and what happened, and told in a table", async () => {
    const id = await heldInPhases();
    for (const how of VIEWS)
      await inTab(async ({ page, open, check }) => {
        await open(`/deployments/${id}`);
        const part = page.getByRole("region", { name: "Over time" });
        for (const name of ["At it", "Ended otherwise", "Failed", "Updated", "Plan"])
          await part.locator(".u-legend").getByText(name, { exact: true }).waitFor();
        await part.getByText("As a table").click();
        assert.deepEqual(await part.getByRole("term").allInnerTexts(), ["paused", "phase 2"]);
        const told = await part.getByRole("definition").allInnerTexts();
        assert.match(told[0] ?? "", /just now|min ago/);
        assert.match(told[1] ?? "", /in (29|30) min/);
        // Of four devices one may begin, and has.
        const row = part.getByRole("row").last();
        assert.deepEqual((await row.getByRole("cell").allInnerTexts()).slice(1), ["0", "0", "0", "1", "1"]);
        await check("a report with a plan");
      }, how);
    await theStage().operator.call("PUT", `${DEPLOYMENTS}/${id}/status`, { status: "aborted" });
  });
});
