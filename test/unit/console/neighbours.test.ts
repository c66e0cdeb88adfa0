import { describe, expect, it } from "vitest";
import { beside, listOf } from "../../../console/src/neighbours.ts";

describe("the list from which something was opened", () => {
  it("has of each row the first of that kind, and nothing twice", () => {
    const rows = [
      ["/deployments/d1", "/devices/a"],
      ["/deployments/d2", "/devices/b", "/devices/c"],
      ["/deployments/d3", "/devices/a/inventory"],
      ["/devices?q=group:lab"],
    ];
    expect(listOf(rows, "/devices/b")).toEqual(["/devices/a", "/devices/b"]);
    expect(listOf(rows, "/deployments/d1")).toEqual([
      "/deployments/d1",
      "/deployments/d2",
      "/deployments/d3",
    ]);
  });

  it("leads to what is beside, at the same tab, and says where it ends", () => {
    const list = ["/devices/a", "/devices/b"];
    expect(beside(list, "/devices/a/inventory", 1)).toEqual({ to: "/devices/b/inventory" });
    expect(beside(list, "/devices/b", -1)).toEqual({ to: "/devices/a" });
    expect(beside(list, "/devices/b", 1)).toEqual({ why: "This is the last on its page of the list." });
    expect(beside(list, "/devices/a", -1)).toEqual({ why: "This is the first on its page of the list." });
  });

  it("is none for what was opened by its address", () => {
    for (const path of ["/devices/c", "/devices", "/"])
      expect(beside(["/devices/a"], path, 1)).toEqual({
        why: "This was opened from no list: there is no next one.",
      });
  });
});
