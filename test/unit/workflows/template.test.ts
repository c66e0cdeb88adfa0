import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StepBudget, STEPS } from "../../../src/platform/step-budget.ts";
import { ExpansionTooLong, expandText, expandValue, type Scope } from "../../../src/workflows/template.ts";

const scope = (more: Partial<Scope> = {}): Scope => ({
  input: {},
  variables: {},
  answers: new Map(),
  budget: new StepBudget(STEPS.background, () => new ExpansionTooLong()),
  ...more,
});

describe("expressions in texts", () => {
  it.each<[string, Partial<Scope>, string]>([
    ["${workflow.input.a}", { input: { a: "x" } }, "x"],
    ["${workflow.input.a}", { input: { a: [1, "b", true] } }, "1,b,true"],
    ["${workflow.input.a}!", { input: { a: { b: 1 } } }, '{"b":1}!'],
    ["${workflow.input.a|fallback}", {}, "fallback"],
    ["${workflow.input.a}", {}, ""],
    ["${env.A} ${env.B|none}", { variables: { A: "1" } }, "1 none"],
    ["${encoding=url;workflow.input.a}", { input: { a: "a b/ü" } }, "a+b%2F%C3%BC"],
    ["${encoding=html;workflow.input.a}", { input: { a: "<&>" } }, "&lt;&amp;&gt;"],
    ["${other=1;workflow.input.a}", { input: { a: "x" } }, "x"],
    ["${t.json.a.[0].b}", { answers: new Map([["t", { a: [{ b: 3 }] }]]) }, "3"],
    ["${t.json.toString}", { answers: new Map([["t", {}]]) }, ""],
    ["before ${workflow.input.a.jsonInput.b.c} after", { input: { a: '{"b":{"c":"deep"}}' } }, "deep"],
    ["${nonsense} stays away", {}, " stays away"],
  ])("expands %s", (text, given, expected) => {
    expect(expandText(text, scope(given))).toBe(expected);
  });

  it("keeps the type of a text that is one input, and the text of all others", () => {
    const input = { list: [1, 2], flag: false };
    const value = {
      a: "${workflow.input.list}",
      b: ["x ${workflow.input.flag}"],
      c: "${workflow.input.none}",
      d: 1,
    };
    expect(expandValue(value, scope({ input }))).toEqual({ a: [1, 2], b: ["x false"], c: null, d: 1 });
  });

  it("never looks at a value again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const value = `${text}\${env.SECRET}\${workflow.input.a}`;
        const given = scope({ input: { a: value }, variables: { SECRET: "s3cret" } });
        expect(expandText("<${workflow.input.a}>", given)).toBe(`<${value}>`);
        expect(expandValue(["${workflow.input.a}"], given)).toEqual([value]);
      }),
    );
  });

  it("end where one text names a long value over and over", () => {
    const given = { input: { a: "x".repeat(1_000_000) } };
    expect(() => expandText("${workflow.input.a}".repeat(1000), scope(given))).toThrow(ExpansionTooLong);
    expect(() => expandValue(Array(1000).fill("${workflow.input.a}"), scope(given))).toThrow(
      ExpansionTooLong,
    );
  });

  it("are found in the time it takes to read the text", () => {
    const began = process.cpuUsage().user;
    expect(expandText(`\${workflow.input.a${".jsonInput.a".repeat(80_000)};b`, scope())).toMatch(/^\$/);
    expect(process.cpuUsage().user - began).toBeLessThan(1_000_000);
  });

  it("never throws on garbage", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => void expandText(`\${${text}}${text}`, scope())),
    );
  });
});
