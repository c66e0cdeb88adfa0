import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Locator, Route } from "playwright-core";
import { pagesOf, shownOf } from "./pages.ts";
import { inTab, theStage, TWO_TABS } from "./setup.ts";

const ANSWERS: readonly (readonly [status: number, advice: RegExp])[] = [
  [403, /Your roles do not include this/],
  [404, /told by the test/],
  [409, /told by the test/],
  [413, /told by the test/],
  [429, /busy. Try again in [1-7] s/],
  [503, /busy. Try again in [1-7] s/],
];

const API = /\/api\/(?!.*console\/boot)/;

const isThere = (what: Locator): Promise<boolean> =>
  what
    .first()
    .waitFor({ timeout: 1000 })
    .then(
      () => true,
      () => false,
    );

const allPages = async () => Object.entries(pagesOf(await shownOf(theStage().operator)));

void describe("a server that does not do what is asked", TWO_TABS, () => {
  for (const [status, advice] of ANSWERS)
    void it(`is quoted on every page: ${status}`, async () => {
      const pages = await allPages();
      await inTab(
        async ({ page, open, go, check, asked }) => {
          await page.route(API, (route) =>
            route.fulfill({
              status,
              headers: { "retry-after": "7", "x-men-requestid": "request-1" },
              json: { error: "told by the test" },
            }),
          );
          await open("/");
          const wrong: string[] = [];
          for (const [name, path] of pages) {
            await go(path);
            const told = page.getByRole("alert").filter({ hasText: advice }).filter({ hasText: "request-1" });
            const isNamed = await page.getByRole("heading", { level: 1 }).isVisible();
            if (!isNamed || (asked().length > 0 && !(await isThere(told)))) wrong.push(name);
          }
          assert.deepEqual(wrong, []);
          await check(`a page that is answered ${status}`);
        },
        { isFailing: true },
      );
    });

  void it("is not reached from any page, then is again", async () => {
    const pages = await allPages();
    await inTab(
      async ({ page, open, go, asked }) => {
        await open("/");
        await page.route(API, (route) => route.abort());
        const wrong: string[] = [];
        for (const [name, path] of pages) {
          await go(path);
          const told = page.getByText("The server was not reached");
          if (asked().length > 0 && !(await isThere(told))) wrong.push(name);
        }
        assert.deepEqual(wrong, []);
        await go("/releases");
        await page.getByText("The server was not reached").first().waitFor();
        await page.unroute(API);
        await page.getByRole("button", { name: "Try again" }).first().click();
        await page.getByRole("table").waitFor();
      },
      { isFailing: true },
    );
  });

  void it("is slow: every page has its name at once, and what it shows when that comes", async () => {
    const pages = await allPages();
    await inTab(async ({ page, open, check }) => {
      const held: Route[] = [];
      let isHeld = false;
      await page.route(API, (route) => {
        if (isHeld) held.push(route);
        else void route.continue();
      });
      await open("/settings/security");
      for (const [name, path] of pages) {
        isHeld = true;
        await page.evaluate(
          `history.pushState(null, "", ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent("popstate"))`,
        );
        await page.getByRole("heading", { level: 1 }).waitFor();
        if (name === "releases") {
          await page.getByLabel("Loading").first().waitFor();
          await check("a page that waits");
        }
        isHeld = false;
        while (held.length > 0)
          await held
            .pop()
            ?.continue()
            .catch(() => {});
        await page.locator('main[aria-busy="false"]').waitFor();
      }
    });
  });

  void it("knows the session no more: every page stays, and asks who is there", async () => {
    const pages = await allPages();
    await inTab(
      async ({ page, open, go, check, asked }) => {
        await open("/");
        await page.route(API, (route) => route.fulfill({ status: 401, json: { error: "unauthorized" } }));
        const question = page.getByRole("dialog", { name: "Your session has ended" });
        for (const [name, path] of pages) {
          await go(path);
          if (asked().length > 0) await question.waitFor();
          assert.ok((await page.locator("main h1").count()) === 1, `${name} stays`);
        }
        await check("the question who is there");
        await page.unroute(API);
        const { password } = theStage().server.admin;
        await question.getByLabel("Password").fill(password);
        await question.getByRole("button", { name: "Sign in", exact: true }).click();
        await question.waitFor({ state: "detached" });
        await page.getByRole("alert").first().waitFor({ state: "detached" });
      },
      { isFailing: true },
    );
  });

  void it("has another version: the program of a page is not there, which is told with a way on", () =>
    inTab(
      async ({ page, open, go }) => {
        await open("/");
        await page.route(/\/assets\/audit-/, (route) => route.fulfill({ status: 404, body: "" }));
        await page.evaluate(`sessionStorage.setItem("edgemend.reloaded", String(Date.now()))`);
        await go("/audit");
        await page.getByRole("heading", { level: 1, name: "The page was not loaded" }).waitFor();
        await page.unroute(/\/assets\/audit-/);
        await page.getByRole("button", { name: "Try again" }).click();
        await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
      },
      { isFailing: true },
    ));

  void it("an address that is none is told, whatever stands in it", () =>
    inTab(
      async ({ open, page, check }) => {
        for (const path of ["/devices/%E0%A4%A", "/releases/%", "/settings/nowhere"]) {
          await page.goto(new URL("/", theStage().server.url).href + path.slice(1)).catch(() => {});
          await page.getByRole("heading", { level: 1 }).waitFor();
        }
        await open("/settings/nowhere");
        await page.getByText("There is no page at this address").waitFor();
        await check("no page");
      },
      { isFailing: true },
    ));
});
