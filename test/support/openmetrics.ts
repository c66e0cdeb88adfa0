/** A reader of OpenMetrics 1.0 that takes nothing but what the standard allows; written apart from the writer. */
export interface ReadSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ReadFamily {
  type: string;
  help: string;
  samples: ReadSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g;
const ENDINGS: Record<string, string[]> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum"],
};
const UNESCAPED: Record<string, string> = { "\\n": "\n", "\\\\": "\\", '\\"': '"' };

function readSample(line: string): ReadSample {
  const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined || labels.endsWith(","))
    throw new Error(`no sample: ${line}`);
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value)) throw new Error(`no number: ${line}`);
  if (/le="(?!\+Inf")/.test(labels) && !/le="\d+\.\d+"/.test(labels)) throw new Error(`no class: ${line}`);
  const pairs = [...labels.matchAll(LABEL)].map(([, key = "", text = ""]): [string, string] => [
    key,
    text.replaceAll(/\\["\\n]/g, (escape) => UNESCAPED[escape] ?? ""),
  ]);
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error(`a label twice: ${line}`);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

export function readOpenMetrics(text: string): Map<string, ReadFamily> {
  if (!text.endsWith("# EOF\n")) throw new Error("no end");
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let [current, name]: [ReadFamily | undefined, string] = [undefined, ""];
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [, kind, of = "", rest = ""] = /^# (TYPE|HELP|UNIT) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "TYPE") {
      if (!NAME.test(of) || families.has(of) || !(rest in ENDINGS)) throw new Error(`bad family: ${line}`);
      [current, name] = [{ type: rest, help: "", samples: [] }, of];
      families.set(of, current);
    } else if (kind !== undefined) {
      if (!current || of !== name || current.samples.length > 0) throw new Error(`out of place: ${line}`);
      if (kind === "HELP") current.help = rest;
      else if (!name.endsWith(`_${rest}`)) throw new Error(`a unit that is not in the name: ${line}`);
    } else {
      const sample = readSample(line);
      const isOwn = current && ENDINGS[current.type]?.some((ending) => sample.name === name + ending);
      if (!current || !isOwn) throw new Error(`of no family: ${line}`);
      const key = JSON.stringify([
        sample.name,
        Object.entries(sample.labels).toSorted(([a], [b]) => a.localeCompare(b)),
      ]);
      if (seen.has(key)) throw new Error(`told twice: ${line}`);
      seen.add(key);
      current.samples.push(sample);
    }
  }
  return families;
}
