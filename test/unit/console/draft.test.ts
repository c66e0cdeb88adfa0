import { describe, expect, it } from "vitest";
import { bodyOfDraft, emptyDraft, idsOf } from "../../../console/src/pages/deployments/draft.ts";

const NOW_MS = 1_700_000_000_000;
const draft = emptyDraft({ release: "release-2" });

describe("what the form of a deployment asks for", () => {
  it("is some devices first, and the rest when half of those told that it is good", () => {
    expect(bodyOfDraft(draft, 400, NOW_MS)).toEqual({
      name: "release-2",
      artifact_name: "release-2",
      retries: 1,
      phases: [{ batch_size_devices: 10 }, {}],
      rollout: {
        order: "hash",
        gates: [{ phase: 2, success: { percent: 95, results: 5 } }],
        stop: [{ percent: 5, results: 5 }],
        on_stop: { action: "pause" },
        judge: {},
      },
    });
  });

  it.each([
    [1, [{}]],
    [2, [{ batch_size_devices: 1 }, {}]],
    [11, [{ batch_size_devices: 5 }, {}]],
  ])("never makes all of a small fleet canaries: of %i", (total, phases) => {
    expect(bodyOfDraft(draft, total, NOW_MS).phases).toEqual(phases);
  });

  it("is phases by time, the first at once", () => {
    const slow = { ...draft, how: "phases" as const, shares: "10, 40", hours: "24" };
    expect(bodyOfDraft(slow, 400, NOW_MS).phases).toEqual([
      { batch_size: 10 },
      { batch_size: 40, start_ts: "2023-11-15T22:13:20.000Z" },
      { start_ts: "2023-11-16T22:13:20.000Z" },
    ]);
  });

  it("is nothing but the release at once", () => {
    const plain = { ...draft, how: "once" as const, retry: false };
    expect(bodyOfDraft(plain, 400, NOW_MS)).toEqual({
      name: "release-2",
      artifact_name: "release-2",
      retries: 0,
    });
  });
});

it("takes ids of devices in any separation", () => {
  expect(idsOf(" a,b;c\n\td  ")).toEqual(["a", "b", "c", "d"]);
  expect(idsOf(" \n")).toEqual([]);
});
