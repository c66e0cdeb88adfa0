import { expect, it } from "vitest";
import { finishOf } from "../../../src/console/home-finish.ts";

const HOUR_MS = 3_600_000;
const CREATED_MS = Date.parse("2030-01-01T00:00:00Z");

type Deployment = Parameters<typeof finishOf>[0];

const one = (more: Partial<Deployment> = {}): Deployment =>
  ({
    status: "inprogress",
    created: new Date(CREATED_MS).toISOString(),
    max_devices: 100,
    ...more,
  }) as Deployment; // all of it that is looked at

const finish = (more: Partial<Deployment>, ended: number, afterMs = HOUR_MS) => {
  const told = finishOf(one(more), ended, CREATED_MS + afterMs);
  return told && (Date.parse(told) - CREATED_MS) / HOUR_MS;
};

it("tells when 95 % will have ended it if devices go on as they did", () => {
  expect(finish({}, 19)).toBe(5);
  expect(finish({}, 50, 10 * HOUR_MS)).toBe(19);
});

it("tells nothing of few results, of what is nearly over, and of what lasts for years", () => {
  expect([finish({}, 4), finish({}, 95), finish({}, 5, 30 * 24 * HOUR_MS)]).toEqual(Array(3).fill(undefined));
  expect(finish({}, 5)).toBe(19);
});

it("tells nothing where phases, rules or a filter say how it goes on, or nothing has begun", () => {
  const others: Partial<Deployment>[] = [
    { status: "pending" },
    { dynamic: true },
    { rollout: {} as NonNullable<Deployment["rollout"]> },
    { phases: [{}, {}] as unknown as NonNullable<Deployment["phases"]> },
  ];
  expect(others.map((more) => finish(more, 50))).toEqual(others.map(() => undefined));
});
