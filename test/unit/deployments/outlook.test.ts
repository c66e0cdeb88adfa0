import { expect, it } from "vitest";
import { needsAges, outlookOf } from "../../../src/deployments/progress/outlook.ts";
import { STATUSES } from "../../../src/deployments/status.ts";
import type { DeploymentRow, PhaseRow } from "../../../src/deployments/store/queries.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const CREATED_MS = Date.parse("2030-01-01T00:00:00Z");
/** Half of the fleet asks within half an hour, 95 % within an hour. */
const AGES = Array.from({ length: 20 }, (_, i) => ((i + 2) * HOUR_MS) / 20);

const counters = Object.fromEntries(STATUSES.map((status) => [status.replaceAll("-", "_"), 0]));

const one = (more: Record<string, unknown> = {}): DeploymentRow =>
  ({
    ...counters,
    stage: 1,
    dynamic: 0,
    governed: 0,
    paused_ms: null,
    created_ms: CREATED_MS,
    max_devices: 100,
    unseen: 0,
    unseen_aborted: 0,
    plan: null,
    rollout: null,
    ...more,
  }) as unknown as DeploymentRow; // all of it that is looked at

const phase = (more: Partial<PhaseRow>): PhaseRow =>
  ({
    batch_size: null,
    batch_size_devices: null,
    opens_ms: null,
    min_results: null,
    min_approvals: 0,
    approvals: "{}",
    joined: 0,
    ...more,
  }) as PhaseRow; // likewise

const governed = (phases: Partial<PhaseRow>[], more: Record<string, unknown> = {}) =>
  one({ governed: 1, plan: JSON.stringify(phases.map(phase)), ...more });

const finish = (row: DeploymentRow, afterMs = HOUR_MS, ages: readonly number[] = AGES) => {
  const { finish_ts: told } = outlookOf(row, ages, CREATED_MS + afterMs);
  return told && (Date.parse(told) - CREATED_MS) / HOUR_MS;
};

it("tells of one to all at once when 95 % will have ended it if devices go on as they did", () => {
  expect(finish(one({ success: 19 }))).toBe(5);
  expect(finish(one({ success: 40, failure: 10 }), 10 * HOUR_MS)).toBe(19);
  expect(needsAges(one())).toBe(false);
});

it("tells nothing of few results, of what is nearly over, and of what lasts for years", () => {
  const few = [finish(one({ success: 4 })), finish(one({ success: 95 }))];
  expect([...few, finish(one({ success: 5 }), 30 * 24 * HOUR_MS)]).toEqual(Array(3).fill(undefined));
  expect(finish(one({ success: 5 }))).toBe(19);
});

it("tells nothing of what does not go on, or for devices that nobody knows yet", () => {
  const others: Record<string, unknown>[] = [{ stage: 0 }, { stage: 2 }, { dynamic: 1 }, { paused_ms: 1 }];
  expect(others.map((more) => outlookOf(one({ success: 50, ...more }), AGES, CREATED_MS + 1))).toEqual(
    others.map(() => ({})),
  );
});

it("tells of phases with times that the last one is through once the fleet has asked after its opening", () => {
  const phases = [
    { batch_size: 10, opens_ms: CREATED_MS, joined: 10 },
    { opens_ms: CREATED_MS + 24 * HOUR_MS },
  ];
  const row = governed(phases, { success: 10 });
  expect(needsAges(row)).toBe(true);
  // An update is taken to need ten minutes while none has told.
  expect(finish(row)).toBeCloseTo(24 + 1 + 1 / 6);
  const known = { pending_ms: 0, pending_left: 10, installing_ms: 300 * MINUTE_MS, installing_left: 10 };
  expect(finish(governed(phases, { success: 10, ...known }))).toBeCloseTo(24 + 1 + 0.5);
  expect(finish(row, HOUR_MS, [])).toBeUndefined();
});

it("tells of a pace, of places and of windows how long they make it", () => {
  const phases = [{ opens_ms: CREATED_MS, joined: 5 }];
  const ruled = (rollout: object, more: Record<string, unknown> = {}) =>
    finish(governed(phases, { rollout: JSON.stringify(rollout), ...more }), 0);
  expect(ruled({})).toBeCloseTo(1 + 1 / 6);
  // 90 more devices until 95 have begun.
  expect(ruled({ per_minute: 1 })).toBeCloseTo(1.5 + 1 / 6);
  expect(ruled({ at_once: 9 })).toBeCloseTo(9 / 6 + 1 / 6);
  const weekly = [{ days: ["tue", "wed"], from: "22:00", to: "22:30" }];
  const windows = { zone: "UTC", weekly, holidays: [] };
  // Of the hour that they need half is in each of two nights; 2030 begins on a Tuesday.
  expect(ruled({ windows })).toBeCloseTo(24 + 22.5 + 1 / 6);
});

it("tells nothing once the fleet has asked, or nearly all have begun: who is left is no matter of rhythm", () => {
  const late = governed([{ opens_ms: CREATED_MS, joined: 60 }]);
  expect([finish(late, HOUR_MS / 2), finish(late, HOUR_MS)]).toEqual([1 + 1 / 6, undefined]);
  expect(finish(governed([{ opens_ms: CREATED_MS, joined: 95 }]), 0)).toBeUndefined();
});

it("tells instead which phase waits for what, where one does not open by time", () => {
  const first = { batch_size: 10, opens_ms: CREATED_MS, joined: 10 };
  const waits = (more: Partial<PhaseRow>) =>
    outlookOf(governed([first, more, { opens_ms: null }]), AGES, CREATED_MS);
  expect(waits({ batch_size: 20, min_results: 8 })).toEqual({ waits_for: { phase: 2, results: 8 } });
  expect(waits({ min_approvals: 2, approvals: '{"a@example.com":1}' })).toEqual({
    waits_for: { phase: 2, approvals: 1 },
  });
  const both = { min_results: 8, min_approvals: 1, approvals: '{"a@example.com":1}' };
  expect(waits(both)).toEqual({ waits_for: { phase: 2, results: 8 } });
  expect(needsAges(governed([first, { opens_ms: null }]))).toBe(false);
});
