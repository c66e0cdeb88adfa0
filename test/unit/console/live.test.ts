import { describe, expect, it } from "vitest";
import { oldBy, readEvent, waitMs } from "../../../console/src/live/topics.ts";
import { EVENT_TYPES } from "../../../src/platform/event-types.ts";

const QUIET = ["configuration.applied", "device.inventory_changed", "webhook.test"];

describe("what an event makes old", () => {
  it.each(Object.keys(EVENT_TYPES).filter((type) => !QUIET.includes(type)))(
    "is some list of the console: %s",
    (type) => {
      expect(oldBy({ type, sequence: "1" })).not.toEqual([]);
    },
  );

  it("is the device and the deployment that it is about, and no list by a mere value", () => {
    const about = { sequence: "1", deviceid: "d1", deploymentid: "p1" };
    expect(oldBy({ type: "device.updated", ...about })).toContain("device/d1");
    expect(oldBy({ type: "device.updated", ...about })).toContain("deployment/p1");
    expect(oldBy({ type: "device.inventory_changed", sequence: "1", deviceid: "d1" })).not.toContain(
      "devices?",
    );
  });
});

it("a socket is opened again sooner, then later, never all at once", () => {
  expect([0, 1, 2, 20].map((attempt) => waitMs(attempt, 1))).toEqual([1000, 2000, 4000, 60_000]);
  expect(waitMs(20, 0)).toBe(30_000);
});

it("messages are events, a place in the stream, or who else looks", () => {
  const onlookers = { device: "d", users: ["a@example.com"], more: 0 };
  expect(readEvent(JSON.stringify({ onlookers }))).toEqual({ onlookers });
  expect(readEvent('{"type":"device.accepted","sequence":"7","deviceid":"d"}')).toEqual({
    type: "device.accepted",
    sequence: "7",
    deviceid: "d",
  });
  expect(readEvent('{"cursor":"7"}')).toEqual({ cursor: "7" });
  expect(readEvent('{"type":1}')).toBeUndefined();
});
