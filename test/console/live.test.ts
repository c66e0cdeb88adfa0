import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aKey } from "./fleet.ts";
import { inTab, theStage } from "./setup.ts";

void describe("a page that is open", () => {
  void it("shows by itself what happens, and asks for nothing while nothing does", () =>
    inTab(async ({ page, open, asked }) => {
      const { operator } = theStage();
      await open("/devices?q=status%3Apreauthorized");
      await page.getByText("No device matches").waitFor();
      const before = asked().length;
      const made = await operator.call("POST", "/v2/devauth/devices", {
        identity_data: { mac: "02:00:00:00:ff:01" },
        pubkey: aKey(),
      });
      assert.equal(made.status, 201);
      await page.getByRole("link", { name: "02:00:00:00:ff:01" }).waitFor();
      assert.ok(asked().length > before);
      const id = made.headers.get("location")?.split("/").at(-1) ?? "";
      await operator.call("DELETE", `/v2/devauth/devices/${id}`);
      await page.getByText("No device matches").waitFor();
    }));

  void it("says who else has the same device open, as long as they have", async () => {
    const { devices, operator, server } = theStage();
    const other = { email: "onlooker@example.com", password: "an-onlookers-password" };
    await operator.call("POST", "/v1/useradm/users", other);
    const path = `/devices/${devices[5]?.id ?? ""}`;
    await inTab(async (mine) => {
      await mine.open(path);
      const told = mine.page.getByText(`Also open at ${other.email}`);
      await inTab(
        async (theirs) => {
          await theirs.open(path);
          await theirs.page.getByText(`Also open at ${server.admin.email}`).waitFor();
          await told.waitFor();
          await mine.check("a device that somebody else has open");
          await theirs.go("/devices");
          await told.waitFor({ state: "detached" });
          await theirs.go(path);
          await told.waitFor();
        },
        { admin: other },
      );
      await told.waitFor({ state: "detached" });
    });
  });

  void it("catches up after its socket was lost", () =>
    inTab(async ({ page, open }) => {
      const { operator } = theStage();
      await page.routeWebSocket(/events\/live/, (socket) => {
        const server = socket.connectToServer();
        setTimeout(() => void server.close(), 500);
      });
      await open("/devices?q=status%3Apreauthorized");
      await page.getByText("No device matches").waitFor();
      await page.getByText("not live").waitFor();
      const made = await operator.call("POST", "/v2/devauth/devices", {
        identity_data: { mac: "02:00:00:00:ff:02" },
        pubkey: aKey(),
      });
      await page.getByRole("link", { name: "02:00:00:00:ff:02" }).waitFor();
      await operator.call("DELETE", `/v2/devauth/devices/${made.headers.get("location")?.split("/").at(-1)}`);
    }));
});
