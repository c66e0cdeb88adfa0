import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Page } from "playwright-core";
import { shownOf } from "./pages.ts";
import { inTab, theStage } from "./setup.ts";

/** The hour in which a time of the page is told, once it is pointed at. */
async function toldBy(page: Page): Promise<string> {
  const time = page.locator("main time:visible").first();
  await page.mouse.move(0, 0);
  await time.hover();
  return (await time.getAttribute("title")) ?? "";
}

const HOUR_MS = 3_600_000;
/** Of a clock in milliseconds, without its zone. */
const clock = (text: string): number => Date.parse(`${text.replace(/ (UTC|GMT).*$/, "")} UTC`);

void describe("times of a report", () => {
  void it("are those of who looks, or UTC by its address", () =>
    inTab(
      async ({ page, open, check }) => {
        const { deployment } = await shownOf(theStage().operator);
        await open(`/deployments/${deployment}`);
        const isUtc = page.getByRole("checkbox", { name: "Times in UTC" });
        const chart = page.locator(".chart");
        const charted = async () => {
          await chart.locator(".u-over").hover();
          const pointed = chart.locator(".u-legend .u-value").first().filter({ hasText: /\d/ });
          return pointed.innerText();
        };
        const own = await toldBy(page);
        assert.match(own, /GMT\+9$/);
        const ownCharted = await charted();

        await isUtc.check();
        assert.equal(new URL(page.url()).search, "?tz=utc");
        const inUtc = await toldBy(page);
        assert.match(inUtc, /UTC$/);
        assert.equal(clock(own) - clock(inUtc), 9 * HOUR_MS);
        assert.notEqual(await charted(), ownCharted);
        await check("a report in UTC");

        // It stays with the other page of the report, and goes with the address.
        await page.getByRole("navigation", { name: "Of this deployment" }).getByText("Devices").click();
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.waitForURL(`**/devices?tz=utc`);
        assert.match(await toldBy(page), /UTC$/);
        await page.getByLabel("State").selectOption("failure");
        await page.waitForURL(/tz=utc&status=failure/);
        await open(`/deployments/${deployment}?tz=utc`);
        assert.equal(await isUtc.isChecked(), true);
        await isUtc.uncheck();
        assert.match(await toldBy(page), /GMT\+9$/);
        assert.equal(new URL(page.url()).search, "");
      },
      { zone: "Asia/Tokyo" },
    ));

  void it("are so in the audit log, the days of its filter too", () =>
    inTab(
      async ({ page, open }) => {
        const day = "2026-01-15";
        const exported = page.getByRole("link", { name: "Export these as CSV" });
        const afterS = async () =>
          Number(
            new URL((await exported.getAttribute("href")) ?? "", page.url()).searchParams.get(
              "created_after",
            ),
          );
        await open(`/audit?from=${day}`);
        assert.match(await toldBy(page), /GMT\+9$/);
        assert.equal(await afterS(), Date.parse(`${day}T00:00+09:00`) / 1000);
        await page.getByRole("checkbox", { name: "Times in UTC" }).check();
        await page.waitForURL(/tz=utc/);
        assert.match(await toldBy(page), /UTC$/);
        assert.equal(await afterS(), Date.parse(`${day}T00:00Z`) / 1000);
      },
      { zone: "Asia/Tokyo" },
    ));
});
