import { describe, expect, it } from "vitest";
import {
  callClaims,
  callLimitsOf,
  fitToken,
  MAX_LIMITS_IN_TOKEN,
  type CallLimits,
} from "../../../src/platform/call-limits.ts";

const burst = (uri: string) => ({ action: "POST", uri, min_interval_sec: 5 });

/** As the original's charts have them. */
const PUBLISHED: CallLimits = {
  bursts: [
    "v1/authentication/auth_requests",
    "v1/deployments/device/deployments/next",
    "v2/deployments/device/deployments/next",
    "v1/deviceconfig/configuration",
    "v1/inventory/device/attributes",
    "v1/devicemonitor/alert",
    "v1/devicemonitor/config",
    "v1/deployments/device/deployments/next",
    "v1/inventory/device/attributes",
  ].map((path) => burst(`/api/devices/${path}`)),
  quota: { max_calls: 60, interval_sec: 60 },
};

describe("limits of calls in a token", () => {
  it("come out as they went in", () => {
    const odd = { ...PUBLISHED, bursts: [burst("/elsewhere"), burst("~"), burst("")] };
    expect(callLimitsOf(callClaims(PUBLISHED))).toEqual(PUBLISHED);
    // A path begins with a slash, so that none is taken for a short one.
    expect(callLimitsOf(callClaims({ ...odd, bursts: [burst("/elsewhere")] }))?.bursts).toEqual([
      burst("/elsewhere"),
    ]);
    expect(callClaims(undefined)).toEqual({});
  });

  it("are read as older tokens have them", () => {
    expect(callLimitsOf({ "edgemend.calls": PUBLISHED })).toEqual(PUBLISHED);
    for (const wrong of [undefined, null, "x", {}, { bursts: [] }])
      expect(callLimitsOf({ "edgemend.calls": wrong })).toBeUndefined();
  });

  it("fit a token up to a size, those of the original well; of others the quota is left [limit: MAX_LIMITS_IN_TOKEN]", () => {
    expect(fitToken(PUBLISHED)).toBe(true);
    const sized = (bytes: number): CallLimits => {
      const bare = { ...PUBLISHED, bursts: [burst("/")] };
      const used = JSON.stringify(Object.values(callClaims(bare))[0]).length;
      return { ...PUBLISHED, bursts: [burst(`/${"x".repeat(bytes - used)}`)] };
    };
    const [edge, over] = [sized(MAX_LIMITS_IN_TOKEN), sized(MAX_LIMITS_IN_TOKEN + 1)];
    expect([fitToken(edge), fitToken(over)]).toEqual([true, false]);
    expect(callLimitsOf(callClaims(edge))).toEqual(edge);
    expect(callLimitsOf(callClaims(over))).toEqual({ ...PUBLISHED, bursts: [] });
  });
});
