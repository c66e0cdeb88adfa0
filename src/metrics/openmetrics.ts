import { FAMILIES, type Family, type FamilyName } from "./families.ts";

export const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  labels: Labels;
  value: number;
}

/** A histogram's numbers by class, not summed up. */
export interface Distribution {
  labels: Labels;
  /** Upper ends; there is one class more. */
  ends: readonly number[];
  counts: readonly number[];
  sum: number;
}

export type Told = { [name in FamilyName]?: readonly (Sample | Distribution)[] };

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function distributed(name: string, { labels, ends, counts, sum }: Distribution): string[] {
  let total = 0;
  const buckets = [...ends.map((end) => (Number.isInteger(end) ? `${end}.0` : String(end))), "+Inf"].map(
    (le, at) => {
      total += counts[at] ?? 0;
      return `${name}_bucket${labelled({ ...labels, le })} ${total}`;
    },
  );
  return [...buckets, `${name}_count${labelled(labels)} ${total}`, `${name}_sum${labelled(labels)} ${sum}`];
}

function linesOf(name: FamilyName, samples: readonly (Sample | Distribution)[]): string[] {
  const { type, help, unit }: Family = FAMILIES[name];
  const head = [
    `# TYPE ${name} ${type}`,
    ...(unit ? [`# UNIT ${name} ${unit}`] : []),
    `# HELP ${name} ${help}`,
  ];
  const suffix = type === "counter" ? "_total" : "";
  const body = samples.flatMap((sample) =>
    "value" in sample
      ? [`${name}${suffix}${labelled(sample.labels)} ${sample.value}`]
      : distributed(name, sample),
  );
  return [...head, ...body];
}

/** The text that OpenMetrics 1.0 has for it. */
export function writeOpenMetrics(told: Told): string {
  const names = Object.keys(FAMILIES) as FamilyName[];
  const lines = names.flatMap((name) => (told[name] ? linesOf(name, told[name]) : []));
  return `${[...lines, "# EOF"].join("\n")}\n`;
}
