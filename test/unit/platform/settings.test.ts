import { describe, expect, test } from "vitest";
import { SETTING_NAMES, settingProblems, settingsOf, type Env } from "../../../src/platform/env.ts";

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
    ...[
      "https://user:secret@mail.example.com",
      "smtp://",
      "smtps://user@mail.example.com",
      "smtp://:secret@mail.example.com",
      "smtp://user:%zz@mail.example.com",
      "smtps://mail.example.com/?tls=off",
      "mail.example.com",
    ].map((SMTP_URL): [object, string[]] => [
      { SMTP_URL },
      ["SMTP_URL must be like smtps://user:password@mail.example.com:465 or smtp://… with STARTTLS"],
    ]),
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

  test("read a mail server from its URL", () => {
    const serverOf = (SMTP_URL: string) => settingsOf({ SMTP_URL } as Env).SMTP_URL;
    expect(serverOf("smtps://iot%40acme:p%40ss%2F@mail.example.com")).toEqual({
      host: "mail.example.com",
      port: 465,
      isImplicit: true,
      login: { user: "iot@acme", pass: "p@ss/" },
    });
    expect(serverOf("smtp://[::1]")).toEqual({ host: "::1", port: 587, isImplicit: false });
    expect(serverOf("smtp://mail.example.com:2525/")).toMatchObject({ port: 2525 });
  });

  test("have names for whoever lists or checks them", () => {
    expect(SETTING_NAMES).toEqual(expect.arrayContaining(["CHECK_MODE", "SIGNING_KEY_FALLBACK"]));
  });
});
