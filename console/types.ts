/**
 * Writes the types of the operations that the console calls, from the server's own document.
 * `npm run console:types -- http://127.0.0.1:8787`
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Schema = boolean | SchemaObject;

interface SchemaObject {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  prefixItems?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema;
}

type Content = Record<string, { schema?: Schema }>;

interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { content?: Content }>;
  "x-permissions"?: string[];
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));

const refName = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);

/** The type of a JSON schema as TypeScript writes it; `needs` is told of the named schemas in it. */
function typeOf(schema: Schema | undefined, needs: (name: string) => void): string {
  const inner = (part: Schema | undefined) => typeOf(part, needs);
  if (schema === undefined || schema === true) return "unknown";
  if (schema === false) return "never";
  if (schema.$ref !== undefined) {
    needs(refName(schema.$ref));
    return `components["schemas"][${JSON.stringify(refName(schema.$ref))}]`;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(inner).join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => `(${inner(part)})`).join(" & ");
  const kinds = [schema.type ?? (schema.properties ? "object" : "unknown")].flat();
  return kinds.map((kind) => typeOfKind(kind, schema, inner)).join(" | ");
}

function typeOfKind(kind: string, schema: SchemaObject, inner: (part: Schema | undefined) => string): string {
  switch (kind) {
    case "integer":
    case "number":
      return "number";
    case "array":
      return schema.prefixItems
        ? `[${schema.prefixItems.map(inner).join(", ")}]`
        : `(${inner(schema.items)})[]`;
    case "object":
      return objectType(schema, inner);
    default:
      return kind;
  }
}

function objectType(
  { properties, required = [], additionalProperties }: SchemaObject,
  inner: (part: Schema | undefined) => string,
): string {
  if (!properties) return `Record<string, ${inner(additionalProperties)}>`;
  const members = Object.entries(properties).map(
    ([name, schema]) => `${quoted(name)}${required.includes(name) ? "" : "?"}: ${inner(schema)}`,
  );
  return members.length === 0 ? "Record<string, never>" : `{ ${members.join("; ")} }`;
}

function parametersType(operation: Operation, needs: (name: string) => void): string {
  const places = ["query", "path", "header"].flatMap((place) => {
    const here = (operation.parameters ?? []).filter((parameter) => parameter.in === place);
    if (here.length === 0) return [];
    const members = here.map(
      ({ name, required, schema }) => `${quoted(name)}${required ? "" : "?"}: ${typeOf(schema, needs)}`,
    );
    return [`${place}${here.some(({ required }) => required) ? "" : "?"}: { ${members.join("; ")} }`];
  });
  return places.length === 0 ? "{}" : `{ ${places.join("; ")} }`;
}

const contentType = (content: Content, needs: (name: string) => void): string =>
  `{ ${Object.entries(content)
    .map(([type, { schema }]) => `${JSON.stringify(type)}: ${typeOf(schema, needs)}`)
    .join("; ")} }`;

function operationType(operation: Operation, needs: (name: string) => void): string {
  const { requestBody, responses } = operation;
  const body = requestBody
    ? `requestBody${requestBody.required ? "" : "?"}: { content: ${contentType(requestBody.content, needs)} }; `
    : "";
  const answers = Object.entries(responses).map(
    ([status, { content }]) => `${status}: { content: ${content ? contentType(content, needs) : "never"} }`,
  );
  return `{ parameters: ${parametersType(operation, needs)}; ${body}responses: { ${answers.join("; ")} } }`;
}

/** The file of types for these operations, each as `GET /path`. Throws for one that the server does not have. */
export function typesOf(document: ApiDocument, operations: readonly string[]): string {
  const wanted = new Set<string>();
  const needs = (name: string) => void wanted.add(name);
  const byPath = Map.groupBy(
    [...new Set(operations)].toSorted(),
    (operation) => operation.split(" ")[1] ?? "",
  );
  const paths = [...byPath].map(([path, list]) => {
    const members = list.map((operation) => {
      const method = (operation.split(" ")[0] ?? "").toLowerCase();
      const found = document.paths[path]?.[method];
      if (!found) throw new Error(`the server has no ${operation}`);
      return `    ${method}: ${operationType(found, needs)};`;
    });
    return `  ${JSON.stringify(path)}: {\n${members.join("\n")}\n  };`;
  });
  const schemas: string[] = [];
  for (const name of wanted)
    schemas.push(`    ${quoted(name)}: ${typeOf(document.components?.schemas?.[name], needs)};`);
  return [
    "// Made from the server's document by `npm run console:types`; not to be changed by hand.",
    "export interface paths {",
    ...paths,
    "}",
    "export interface components {",
    "  schemas: {",
    ...schemas.toSorted(),
    "  };",
    "}",
    "",
  ].join("\n");
}

/** The file of permissions that these operations need, of which a caller has one. */
export function needsOf(document: ApiDocument, operations: readonly string[]): string {
  const needs = [...new Set(operations)].toSorted().flatMap((operation) => {
    const [method = "", path = ""] = operation.split(" ");
    const needed = document.paths[path]?.[method.toLowerCase()]?.["x-permissions"];
    return needed ? [[operation, needed.join(" or ")]] : [];
  });
  return `${JSON.stringify(Object.fromEntries(needs), null, 2)}\n`;
}

const FOLDER = join(import.meta.dirname, "src/api");

/** One operation a line. */
export const readOperations = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));

if (import.meta.main) {
  const [url = "http://127.0.0.1:8787"] = process.argv.slice(2);
  const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as ApiDocument;
  const operations = readOperations(readFileSync(join(FOLDER, "operations.txt"), "utf8"));
  writeFileSync(join(FOLDER, "schema.d.ts"), typesOf(document, operations));
  writeFileSync(join(FOLDER, "needs.json"), needsOf(document, operations));
  console.log(`${operations.length} operations`);
}
