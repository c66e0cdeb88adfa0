import { describe, it } from "node:test";
import { inTab } from "./setup.ts";

const PAGES = ["/", "/devices", "/settings/users"];
const ANSWERS: readonly (readonly [status: number, advice: RegExp])[] = [
  [403, /Your roles do not include this/],
  [404, /told by the test/],
  [409, /told by the test/],
  [413, /told by the test/],
  [429, /busy. Try again in 7 s/],
  [503, /busy. Try again in 7 s/],
];

const API = /\/api\/(?!.*console\/boot)/;

void describe("a server that does not do what is asked", () => {
  for (const [status, advice] of ANSWERS)
    void it(`is quoted on the page: ${status}`, () =>
      inTab(
        async ({ page, open, check }) => {
          await page.route(API, (route) =>
            route.fulfill({
              status,
              headers: { "retry-after": "7", "x-men-requestid": "request-1" },
              json: { error: "told by the test" },
            }),
          );
          for (const path of PAGES) {
            await open(path);
            await page.getByRole("alert").filter({ hasText: advice }).first().waitFor();
            await page.getByText("request-1").first().waitFor();
          }
          await check(`a page that is answered ${status}`);
        },
        { isFailing: true },
      ));

  void it("is not reached, then is again", () =>
    inTab(
      async ({ page, open }) => {
        await page.route(API, (route) => route.abort());
        await open("/releases");
        await page.getByText("The server was not reached").first().waitFor();
        await page.unroute(API);
        await page.getByRole("button", { name: "Try again" }).first().click();
        await page.getByRole("table").waitFor();
      },
      { isFailing: true },
    ));

  void it("knows the session no more: the page stays, and asks who is there", () =>
    inTab(
      async ({ page, open, check }) => {
        await open("/releases");
        await page.route(API, (route) => route.fulfill({ status: 401, json: { error: "unauthorized" } }));
        await page.getByRole("link", { name: "Devices", exact: true }).click();
        await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
        await check("the question who is there");
      },
      { isFailing: true },
    ));
});
