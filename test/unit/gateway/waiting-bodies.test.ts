import { beforeEach, describe, expect, it } from "vitest";
import {
  MAX_WAITING_BYTES,
  PATIENCE_MS,
  WaitingBodies,
  type Share,
} from "../../../src/gateway/waiting-bodies.ts";

let bodies: WaitingBodies;
let ended: string[];
beforeEach(() => {
  bodies = new WaitingBodies();
  ended = [];
});

const share = (holder: string, most: number): Share => ({ holder, most });
const add = (name: string, nowMs: number, ...shares: Share[]) =>
  bodies.add(shares, nowMs, () => ended.push(name));

describe("bodies that are waited for", () => {
  it("of one holder over its share: the oldest makes room", () => {
    for (const name of ["a", "b"]) add(name, 0, share("device 1", 2));
    add("c", PATIENCE_MS, share("device 1", 2));
    expect(ended).toEqual(["a"]);
    add("d", PATIENCE_MS, share("device 1", 2));
    expect(ended).toEqual(["a", "b"]);
  });

  it("of others are left alone", () => {
    for (const name of ["a", "b"]) add(name, 0, share("device 1", 2));
    add("c", PATIENCE_MS, share("device 2", 2));
    expect(ended).toEqual([]);
  });

  it("may be any number of young ones", () => {
    for (let i = 0; i < 1000; i += 1) add(`${i}`, PATIENCE_MS - 1, share("network", 2));
    expect(ended).toEqual([]);
  });

  it("count for the device and for its tenant", () => {
    const tenant = share("tenant", 2);
    add("a", 0, share("device 1", 2), tenant);
    add("b", 0, share("device 2", 2), tenant);
    add("c", PATIENCE_MS, share("device 3", 2), tenant);
    expect(ended).toEqual(["a"]);
  });

  it("do not count any more when they came", () => {
    bodies.remove(add("a", 0, share("device 1", 1)));
    add("b", PATIENCE_MS, share("device 1", 1));
    expect(ended).toEqual([]);
  });

  it("fill the memory: the oldest of the fullest holder makes room", () => {
    const [tenant, half] = [share("tenant", 100), MAX_WAITING_BYTES / 2];
    const small = add("small", 0, share("device 1", 9), tenant);
    bodies.count(small, 1, 0);
    for (const name of ["first", "second"]) {
      bodies.count(add(name, 0, share("device 2", 9), tenant), half, PATIENCE_MS);
    }
    expect(ended).toEqual(["first"]);
    // Half of it is free again.
    bodies.count(small, half - 2, PATIENCE_MS);
    expect(ended).toEqual(["first"]);
  });
});
