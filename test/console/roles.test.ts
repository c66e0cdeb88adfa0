import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { inTab, theStage } from "./setup.ts";

const ROLE = "keepers-of-the-lab";
const EMAIL = "keeper@example.com";
const PASSWORD = "a-keepers-password";

void describe("roles", () => {
  before(async () => {
    const { operator } = theStage();
    await operator.call("POST", "/v2/useradm/roles", {
      name: ROLE,
      description: "",
      permission_sets_with_scope: [
        { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["workbench"] } },
      ],
    });
    const user = { email: EMAIL, password: PASSWORD, roles: [ROLE] };
    await operator.call("POST", "/v1/useradm/users", user);
  });

  void it("tell what somebody can do, for which devices", () =>
    inTab(async ({ page, open, check, asked }) => {
      await open("/settings/roles");
      assert.ok(asked().length <= 3, asked().join(", "));
      await page.getByLabel("What can this user or role do?").selectOption(EMAIL);
      const table = page.getByRole("region", { name: "What is allowed" });
      const cells = (set: string) =>
        table
          .getByRole("row", { name: new RegExp(`^${set} `) })
          .getByRole("cell")
          .allTextContents();
      await table.waitFor();
      assert.deepEqual((await table.getByRole("columnheader").allTextContents()).slice(2), [
        "For everything",
        "For group workbench",
      ]);
      assert.deepEqual((await cells("ReadDevices")).slice(2), ["no", "yes"]);
      assert.deepEqual((await cells("ManageDevices")).slice(2), ["no", "no"]);
      await check("what a user can do");
    }));

  void it("tell who can do something, for users too, behind a link that others can be sent", () =>
    inTab(async ({ page, open, check }) => {
      await open("/settings/roles?what=ReadDevices");
      const table = page.getByRole("region", { name: "Who may" });
      await table.getByRole("row", { name: `${EMAIL} user group workbench` }).waitFor();
      await table.getByRole("row", { name: `RBAC_ROLE_PERMIT_ALL role everything` }).waitFor();
      assert.equal(await table.getByText("RBAC_ROLE_CI").count(), 0);
      await check("who can do something");
      await table.getByRole("link", { name: ROLE }).click();
      await page.getByRole("region", { name: "What is allowed" }).waitFor();
    }));

  void it("are named by the permission that somebody lacks, or has for other things only", () =>
    inTab(
      async ({ page, open, check }) => {
        const { devices } = theStage();
        await open("/audit");
        const told = page.getByRole("alert").filter({ hasText: "forbidden by role-based access control" });
        await told.getByText("It takes the permission audit:read.").waitFor();
        await check("a page that is not for this user");
        await open(`/devices/${devices[0]?.id ?? ""}`);
        await told.getByText("You have the permission devices:read, but not for this.").waitFor();
      },
      { isFailing: true, admin: { email: EMAIL, password: PASSWORD } },
    ));

  void it("say that a new user without any may do everything, who then may", () =>
    inTab(async ({ page, open }) => {
      await open("/settings/users");
      await page.getByRole("button", { name: "New user" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("Without any, everything is allowed.").waitFor();
      await dialog.getByLabel("E-mail").fill("everything@example.com");
      await dialog.getByLabel("Password").fill("a-password-for-everything");
      await dialog.getByRole("button", { name: "Create" }).click();
      await page.getByRole("row", { name: /^everything@example\.com RBAC_ROLE_PERMIT_ALL/ }).waitFor();
    }));
});
