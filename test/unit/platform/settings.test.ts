import { describe, expect, test } from "vitest";
import { SETTING_NAMES, settingProblems } from "../../../src/platform/env.ts";

describe("settings", () => {
  test("are all optional", () => {
    expect(settingProblems({})).toEqual([]);
  });

  test.each([
    [{ CHECK_MODE: "foo" }, ['CHECK_MODE must be one of auto, strict, relaxed, not "foo"']],
    [{ DEVICE_TOKEN_LIFE_S: "1e" }, ['DEVICE_TOKEN_LIFE_S must be a whole number of at least 1, not "1e"']],
    [{ STEERED_POLL_S: "" }, ['STEERED_POLL_S must be a whole number of at least 0, not ""']],
    [{ STEERED_POLL_S: -1 }, ["STEERED_POLL_S must be a whole number of at least 0, not -1"]],
    [{ RELAXED_ABOVE_PER_S: "0" }, ['RELAXED_ABOVE_PER_S must be a number above 0, not "0"']],
    [
      { PUBLIC_ORIGIN: "here" },
      ['PUBLIC_ORIGIN must be an origin like https://updates.example.com, not "here"'],
    ],
    [{ OPERATOR_TOKEN: "short secret" }, ["OPERATOR_TOKEN must have at least 16 characters"]],
    [{ WORKFLOW_VARIABLES: '{"SECRET":1}' }, ["WORKFLOW_VARIABLES must be a JSON object of texts"]],
    [
      { CHECK_MODE: 1, JOB_LIFE_S: "never" },
      [
        "CHECK_MODE must be one of auto, strict, relaxed, not 1",
        'JOB_LIFE_S must be a whole number of at least 1, not "never"',
      ],
    ],
  ])("that are wrong are named with what they must be, secrets unsaid: %j", (values, problems) => {
    expect(settingProblems(values)).toEqual(problems);
  });

  test("take numbers written as text or as numbers", () => {
    expect(
      settingProblems({ JOB_LIFE_S: "60", MAX_ARTIFACT_BYTES: 1024, RELAXED_ABOVE_PER_S: "0.5" }),
    ).toEqual([]);
  });

  test("have names for whoever lists or checks them", () => {
    expect(SETTING_NAMES).toEqual(expect.arrayContaining(["CHECK_MODE", "SIGNING_KEY_FALLBACK"]));
  });
});
