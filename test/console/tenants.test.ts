import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { operate } from "./operate.ts";
import { inTab } from "./setup.ts";

const PROVIDER = { email: "provider@example.com", password: "correct-horse-provider" };

void describe("a service provider", () => {
  before(async () => {
    const { id } = (await (
      await operate("POST", "/api/operator/v1/tenants", {
        name: "Provider",
        user: PROVIDER.email,
        password: PROVIDER.password,
      })
    ).json()) as { id: string };
    await operate("PUT", `/api/internal/v1/tenantadm/tenants/${id}`, {
      service_provider: true,
      max_child_tenants: 5,
    });
  });

  void it("makes a tenant, enters it, is told so on every page, and comes back; changes and cancels it", () =>
    inTab(
      async ({ page, open, go, check }) => {
        const menu = page.getByRole("navigation", { name: "Menu" });
        await open("/tenants");
        await page.getByRole("button", { name: "New tenant" }).first().click();
        await page.getByLabel("Name").fill("Child");
        await page.getByLabel("E-mail of its first user").fill("child@example.com");
        await page.getByRole("checkbox", { name: "I may enter it" }).check();
        await check("a new tenant");
        await page.getByRole("button", { name: "Create" }).click();
        const row = page.getByRole("row", { name: /^Child/ });
        await row.getByRole("button", { name: "Enter" }).click();
        const banner = page.getByRole("complementary", { name: "Where you are" });
        await banner.getByText("Child").waitFor();
        assert.equal(await menu.getByRole("link", { name: "Tenants" }).count(), 0);
        await go("/devices");
        await banner.waitFor();
        await check("a page of another tenant");
        await banner.getByRole("button", { name: "Back to your own" }).click();
        await banner.waitFor({ state: "detached" });
        await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();

        await menu.getByRole("link", { name: "Tenants" }).click();
        await row.getByRole("button", { name: "Change" }).click();
        await page.getByLabel("Name").fill("Child of ours");
        await page.getByRole("button", { name: "Keep" }).click();
        await page.getByRole("row", { name: /^Child of ours/ }).waitFor();
        await row.getByRole("button", { name: "Cancel" }).click();
        await page.getByLabel("Reason").fill("it was for a test");
        await page.getByRole("button", { name: "Cancel the tenant" }).click();
        await row
          .getByText(/until|suspended/)
          .first()
          .waitFor();
        await check("tenants");
      },
      { admin: PROVIDER },
    ));

  void it("is what the page is for: others do not have it in their menu", () =>
    inTab(async ({ page, open }) => {
      await open("/");
      const menu = page.getByRole("navigation", { name: "Menu" });
      await menu.getByRole("link", { name: "Settings" }).waitFor();
      assert.equal(await menu.getByRole("link", { name: "Tenants" }).count(), 0);
    }));
});
