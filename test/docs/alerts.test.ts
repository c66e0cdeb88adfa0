import { expect, test } from "vitest";
import { FAMILIES } from "../../src/metrics/families.ts";
import { read } from "./documents.ts";

const rules = read("ops/alerts.yml").text;
const dashboard = JSON.parse(read("ops/dashboard.json").text) as {
  panels: { title: string; targets: { expr: string }[] }[];
};
const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = ""]) => name);

/** As the numbers are called where they are asked for. */
const asked = Object.entries(FAMILIES).flatMap(([name, { type }]) =>
  type === "counter" ? [`${name}_total`] : type === "histogram" ? [`${name}_bucket`] : [name],
);
const foreign = (text: string) =>
  [...text.matchAll(/\bedgemend_\w+/g)].map(([name]) => name).filter((name) => !asked.includes(name));

test("each alert has its part in the runbook, and each part its alert", () => {
  expect(names.length).toBeGreaterThan(5);
  const parts = [...read("docs/runbook.md").text.matchAll(/^## (Edgemend\w+)$/gm)].map(([, name]) => name);
  expect(parts).toEqual(names);
});

test("alerts and dashboard ask for numbers that are told, and the dashboard for all of them", () => {
  expect(foreign(rules.replaceAll('job="edgemend"', ""))).toEqual([]);
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(expressions.flatMap(foreign)).toEqual([]);
  expect(asked.filter((name) => !expressions.some((text) => text.includes(name)))).toEqual([]);
});
