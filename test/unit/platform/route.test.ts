import { describe, expect, expectTypeOf, it } from "vitest";
import type { UserActor } from "../../../src/platform/actor.ts";
import type { App } from "../../../src/platform/app-env.ts";
import { asTenantId, asUserId } from "../../../src/platform/ids.ts";
import { admitted, ofDevice, userRoute, type Bounded, type Needs } from "../../../src/platform/route.ts";
import { rightsOfRoles } from "../../../src/useradm/roles/rights.ts";

const userWith = (...roles: string[]): UserActor => ({
  kind: "user",
  tenant: asTenantId("t"),
  user: asUserId("u"),
  email: "",
  token: "",
  roles,
  rights: rightsOfRoles(roles, { roles: new Map(), sets: new Map() }),
});

describe("a route", () => {
  it("does not compile without who may call it", () => {
    type Route = Parameters<App["openapi"]>[0];
    expectTypeOf<Omit<Route, "access">>().not.toExtend<Route>();
    expectTypeOf<"get" | "post" | "put" | "patch" | "delete" | "all" | "on" | "route">().not.toExtend<
      keyof App
    >();
  });

  it("does not compile if it is bound to a parameter that its path does not have", () => {
    type Route = { method: "get"; path: "/devices/{device}/{aid}"; responses: Record<never, never> };
    type First = Parameters<typeof userRoute<Route["path"], Route>>[0];
    expectTypeOf<First>().toEqualTypeOf<Needs | Bounded<"device" | "aid">>();
    const [byDefault, byName] = [ofDevice("devices:read"), ofDevice("devices:read", "device")];
    expectTypeOf(byDefault).not.toExtend<First>();
    expectTypeOf(byName).toExtend<First>();
  });

  it.each<[string, Needs, string[], boolean]>([
    ["one permission", "devices:read", ["RBAC_ROLE_OBSERVER"], true],
    ["one that the role lacks", "devices:manage", ["RBAC_ROLE_OBSERVER"], false],
    ["one of another role of the user", "artifacts:upload", ["RBAC_ROLE_OBSERVER", "RBAC_ROLE_CI"], true],
    ["any of two", ["audit:read", "devices:connect"], ["RBAC_ROLE_REMOTE_TERMINAL"], true],
    ["any of two, of which there is none", ["audit:read", "devices:connect"], ["RBAC_ROLE_CI"], false],
    ["what everybody may, of a role that is gone", "basic", ["GONE"], true],
    ["more, of a role that is gone", "devices:read", ["GONE"], false],
    ["more, of a role with a name of all objects", "devices:read", ["constructor"], false],
    ["more, without any role", "settings:manage", [], false],
    ["what everybody may, without any role", "basic", [], true],
    ["what the path says", (_, path) => (path === "/a" ? "basic" : "users:read"), ["RBAC_ROLE_CI"], true],
  ])("asks for %s", (_, needs, roles, isAllowed) => {
    const call = () =>
      admitted(userWith(...roles), { caller: "user", needs }, { method: "GET", path: "/a", query: "" });
    if (isAllowed) expect(call).not.toThrow();
    else expect(call).toThrow("forbidden by role-based access control");
  });
});
