/**
 * What clients may rely on in an OpenAPI document, a line each: `gives` what an operation takes and answers, `asks` what it
 * demands of a request. A document still keeps its promises if all it gave is there and it asks for nothing more.
 */
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  [limit: string]: unknown;
}
type Content = Record<string, { schema?: Schema }>;
interface Operation {
  parameters?: { in: string; name: string; required?: boolean; schema?: Schema }[];
  requestBody?: { required?: boolean; content?: Content };
  responses?: Record<string, { content?: Content }>;
}
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

type Direction = "in" | "out";

const LIMITS = ["format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];

export function promisesOf({ paths, components }: OpenApi): string[] {
  const lines = new Set<string>();
  const seen = new Set<string>();

  const tell = (schema: Schema, at: string, direction: Direction): void => {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.split("/").at(-1) ?? "";
      const place = `${direction} ${name}`;
      lines.add(`gives ${at} = ${name}`);
      if (seen.has(place)) return;
      seen.add(place);
      tell(components.schemas[name] ?? {}, place, direction);
      return;
    }
    for (const type of [schema.type ?? []].flat()) lines.add(`gives ${at}: ${type}`);
    if (direction === "in") {
      for (const one of schema.enum ?? []) lines.add(`gives ${at} = ${JSON.stringify(one)}`);
      for (const limit of LIMITS)
        if (schema[limit] !== undefined) lines.add(`asks ${at} ${limit} ${JSON.stringify(schema[limit])}`);
    }
    for (const name of schema.required ?? [])
      lines.add(direction === "in" ? `asks ${at}.${name}` : `gives ${at}.${name} always`);
    for (const [name, part] of Object.entries(schema.properties ?? {}))
      tell(part, `${at}.${name}`, direction);
    if (schema.items) tell(schema.items, `${at}[]`, direction);
    if (typeof schema.additionalProperties === "object")
      tell(schema.additionalProperties, `${at}.*`, direction);
    for (const part of [schema.anyOf, schema.oneOf, schema.allOf].flatMap((parts) => parts ?? []))
      tell(part, at, direction);
  };

  const tellContent = (content: Content | undefined, at: string, direction: Direction) => {
    for (const [type, { schema }] of Object.entries(content ?? {})) {
      lines.add(`gives ${at} ${type}`);
      if (schema) tell(schema, at, direction);
    }
  };

  for (const [path, operations] of Object.entries(paths))
    for (const [method, { parameters, requestBody, responses }] of Object.entries(operations)) {
      const here = `${method.toUpperCase()} ${path}`;
      lines.add(`gives ${here}`);
      for (const { in: place, name, required, schema } of parameters ?? []) {
        lines.add(`gives ${here} ${place} ${name}`);
        if (required && place !== "path") lines.add(`asks ${here} ${place} ${name}`);
        if (schema) tell(schema, `${here} ${place} ${name}`, "in");
      }
      if (requestBody?.required) lines.add(`asks ${here} body`);
      tellContent(requestBody?.content, `${here} body`, "in");
      for (const [status, { content }] of Object.entries(responses ?? {})) {
        lines.add(`gives ${here} ${status}`);
        // Faults have one form, which the tests of each domain look at.
        if (Number(status) < 400) tellContent(content, `${here} ${status}`, "out");
      }
    }
  return [...lines].sort();
}

/** Of an operation `GET /path`, of a schema `in Name`. */
const subjectOf = (line: string) =>
  line
    .split(" ")
    .slice(1, 3)
    .join(" ")
    .replace(/[.:[].*$/, "");

/** What is given no more, and what is asked for in addition where something was given before. */
export function brokenPromises(kept: readonly string[], now: readonly string[]): string[] {
  const [before, after] = [new Set(kept), new Set(now)];
  const known = new Set(kept.map(subjectOf));
  return [
    ...kept.filter((line) => line.startsWith("gives ") && !after.has(line)).map((line) => `gone: ${line}`),
    ...now
      .filter((line) => line.startsWith("asks ") && !before.has(line) && known.has(subjectOf(line)))
      .map((line) => `new: ${line}`),
  ];
}

/** Promises as they are kept: below what they are about, without it. */
export function writePromises(lines: readonly string[]): string {
  const bySubject = Map.groupBy(lines, subjectOf);
  const parts = [...bySubject]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([subject, all]) => {
      const rest = all.map((line) => line.replace(` ${subject}`, ""));
      return [subject, ...rest.map((line) => `  ${line}`)].join("\n");
    });
  return `${parts.join("\n")}\n`;
}

export function readPromises(text: string): string[] {
  let subject = "";
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("  ")) {
      subject = line;
      return [];
    }
    const [, verb = "", rest = ""] = /^ {2}(gives|asks)(.*)$/.exec(line) ?? [];
    return [`${verb} ${subject}${rest}`];
  });
}
