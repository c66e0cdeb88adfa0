import { describe, expect, it } from "vitest";
import {
  EVERYTHING,
  isOfFirstVersion,
  placesFor,
  rolesNamed,
  type PermissionSet,
  type Role,
} from "../../../console/src/pages/settings/role-model.ts";

const setOf = (name: string, ...addresses: string[]): PermissionSet => ({
  name,
  permissions: addresses.map((value) => ({ action: "GET", object: { type: "regex", value } })),
});
const [all, read, manage, other] = [
  setOf("SuperUser", "/"),
  setOf("Read", "/a"),
  setOf("Manage", "/a", "/b"),
  setOf("Other"),
] as const;
const sets = [all, read, manage, other];

const roleOf = (name: string, ...held: NonNullable<Role["permission_sets_with_scope"]>): Role => ({
  name,
  permission_sets_with_scope: held,
});
const groups = (...value: string[]) => ({ type: "DeviceGroups", value });

describe("who may do what", () => {
  it("tells where a role allows it, each place once", () => {
    const lab = roleOf("lab", { name: "Read", scope: groups("lab", "attic") });
    const shop = roleOf("shop", { name: "Read", scope: groups("shop", "lab") });
    expect(placesFor(read, [lab, shop], sets)).toEqual(["group attic", "group lab", "group shop"]);
    expect(placesFor(manage, [lab, shop], sets)).toEqual([]);
  });

  it("takes what allows more for what allows a part of it, and everything for any place", () => {
    const managing = roleOf("managing", {
      name: "Manage",
      scope: { type: "ReleaseTags", value: ["stable"] },
    });
    expect(placesFor(read, [managing], sets)).toEqual(["tag stable"]);
    expect(placesFor(other, [managing], sets)).toEqual([]);
    expect(placesFor(other, [managing, roleOf("root", { name: "SuperUser" })], sets)).toEqual([EVERYTHING]);
  });

  it("takes nothing from roles and sets that are gone", () => {
    expect(rolesNamed(["gone"], [roleOf("here")])).toEqual([]);
    expect(placesFor(read, [roleOf("old", { name: "Gone" })], sets)).toEqual([]);
    const old = { name: "old", permissions: [{ action: "VIEW_DEVICE", object: { type: "ID", value: "1" } }] };
    expect([isOfFirstVersion(old), isOfFirstVersion(roleOf("new", { name: "Read" }))]).toEqual([true, false]);
  });
});
