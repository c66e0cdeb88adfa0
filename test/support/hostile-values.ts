/** JSON schema as far as the generated document uses it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  minLength?: number;
}

export type Schemas = Record<string, Schema>;

const LONG = "x".repeat(100_000);
const DEEP = "[".repeat(10_000) + "]".repeat(10_000);
const LEVELS = 10_000;
const DEEP_OBJECT = '{"a":'.repeat(LEVELS) + "1" + "}".repeat(LEVELS);

/** JSON texts that no property expects, one of each kind. Raw text, because some of them no serialiser makes. */
export const HOSTILE_JSON: readonly string[] = [
  "null",
  "true",
  "-1",
  "1e999",
  "9007199254740993",
  "1.5",
  '""',
  '" "',
  '"x"',
  JSON.stringify(LONG),
  '"nul \\u0000 inside"',
  '"lone \\ud800 surrogate"',
  '"\\u202e\\ud83d\\ude80 e\\u0301"',
  '"line\\r\\nX-Injected: yes"',
  `"'; DROP TABLE devices; --"`,
  '"%00../../etc/passwd"',
  '"__proto__"',
  "[]",
  "[null]",
  "[[]]",
  '["x","x"]',
  "{}",
  '{"__proto__":{"admin":true},"constructor":null}',
  '{"$gt":""}',
  DEEP,
  DEEP_OBJECT,
];

/** Whole bodies that are not what any route takes. */
export const HOSTILE_BODIES: readonly string[] = [
  "",
  " ",
  "null",
  "[]",
  "{}",
  '"x"',
  "0",
  "1e999",
  "tru",
  "{",
  '{"a":',
  '[{"name":"a","value":',
  "{}{}",
  "\ufeff{}",
  "\u0000",
  '{"__proto__":{"x":1},"constructor":{"prototype":{}}}',
  `{"toString":null,"hasOwnProperty":1,"length":-1}`,
  "[null,null]",
  "[[],{}]",
  DEEP,
  DEEP_OBJECT,
  `{"a":${DEEP}}`,
  `[${DEEP}]`,
];

const BY_NAME: Record<string, string> = {
  email: "someone@example.com",
  password: "correct horse battery staple",
  status: "accepted",
  pubkey:
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n",
  id_data: '{"mac":"00:00:00:00:00:01"}',
  identity_data: '{"mac":"00:00:00:00:00:01"}',
};

const typeOf = ({ type, properties, items }: Schema): string | undefined => {
  const only = Array.isArray(type) ? type.find((name) => name !== "null") : type;
  return only ?? (properties ? "object" : items ? "array" : undefined);
};

export function resolve(schema: Schema, schemas: Schemas): Schema {
  if (schema.$ref !== undefined) return resolve(schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}, schemas);
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (choice) return resolve(choice, schemas);
  if (schema.allOf) {
    const parts = schema.allOf.map((part) => resolve(part, schemas));
    return { type: "object", properties: Object.assign({}, ...parts.map((part) => part.properties)) };
  }
  return schema;
}

const MAX_LEVELS = 6;

/** JSON text that the schema describes, so that one hostile property is the only thing wrong with a body. */
export function plausible(schema: Schema, schemas: Schemas, name = "", level = 0): string {
  const known = resolve(schema, schemas);
  if (known.enum) return JSON.stringify(known.enum[0]);
  if (level > MAX_LEVELS) return "null";
  switch (typeOf(known)) {
    case "object": {
      const members = Object.entries(known.properties ?? {});
      const text = members.map(
        ([key, member]) => `${JSON.stringify(key)}:${plausible(member, schemas, key, level + 1)}`,
      );
      return name === "identity_data" ? (BY_NAME[name] ?? "{}") : `{${text.join(",")}}`;
    }
    case "array":
      return `[${plausible(known.items ?? {}, schemas, "", level + 1)}]`;
    case "integer":
    case "number":
      return String(known.minimum ?? 1);
    case "boolean":
      return "true";
    default:
      return JSON.stringify(
        BY_NAME[name] ?? (known.format === "date-time" ? "2026-11-22T00:00:00Z" : "plausible"),
      );
  }
}

/** The plausible body, each time with another property replaced by the text of `mutant`. */
export function* mutated(schema: Schema, schemas: Schemas, level = 0): Generator<(mutant: string) => string> {
  const known = resolve(schema, schemas);
  if (level > 2) return;
  if (typeOf(known) === "array" && known.items) {
    yield (mutant) => `[${mutant}]`;
    for (const inner of mutated(known.items, schemas, level + 1)) yield (mutant) => `[${inner(mutant)}]`;
  }
  const members = Object.entries(known.properties ?? {});
  for (const [name, member] of members) {
    const around = members
      .filter(([other]) => other !== name)
      .map(([other, rest]) => `${JSON.stringify(other)}:${plausible(rest, schemas, other, level + 1)}`);
    const wrap = (value: string) => `{${[...around, `${JSON.stringify(name)}:${value}`].join(",")}}`;
    yield wrap;
    for (const inner of mutated(member, schemas, level + 1)) yield (mutant) => wrap(inner(mutant));
  }
}

export const HOSTILE_TYPES: readonly (string | undefined)[] = [
  undefined,
  "",
  "application/json; charset=",
  "application/json; charset=utf-16",
  "text/plain",
  "application/json, text/plain",
  "APPLICATION/JSON;;;",
  "/",
  "garbage",
  ";",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  'multipart/form-data; boundary="x',
  "multipart/form-data; boundary=x",
  "application/x-www-form-urlencoded",
];

export const HOSTILE_SEGMENTS: readonly string[] = [
  "%00",
  "a%00b",
  "%2e%2e%2f%2e%2e%2fetc",
  "%252e%252e%252f",
  "x".repeat(10_240),
  "'%22%60",
  "%27%20OR%201=1--",
  "%F0%9F%9A%80",
  "%ff%fe",
  "%",
  "%zz",
  "__proto__",
  "constructor",
  "%0d%0aX-Injected:%20yes",
  "*",
  ";a=b",
  "%20",
  "%E2%80%AE",
];

export const HOSTILE_QUERIES: readonly string[] = [
  "",
  "x&{}=y",
  "-1",
  "0",
  "1e3",
  "999999999999",
  "99999999999999999999999999",
  "NaN",
  "Infinity",
  "0x10",
  "%00",
  "%ff",
  "%",
  "x".repeat(8_192).replace(/x{64}/g, "x%20"),
  "%F0%9F%9A%80",
  "'%20OR%201=1--",
  "a%0d%0aX-Injected:%20yes",
  "[]",
  "__proto__",
  "2026-13-45T99:99:99Z",
  "%25_%5C",
  "asc:desc:asc",
  "name:asc,,,:",
];

export const HOSTILE_HEADERS: readonly Record<string, string>[] = [
  { "X-MEN-RequestID": "r".repeat(16_000) },
  { "X-MEN-RequestID": '"<script>;,=' },
  { "If-Match": "*", "If-None-Match": "*" },
  { "If-Match": '"' },
  { "If-Match": 'W/"x", "y", \\\\' },
  { Range: "bytes=-0" },
  { Range: "bytes=9999999999999999999999-1" },
  { Range: "bytes=0-0,1-1,2-2" },
  { Range: "lines=1" },
  { "If-Range": "Mon, 99 Foo" },
  { "X-MEN-Signature": "" },
  { "X-MEN-Signature": "%%%not-base64%%%" },
  { "X-MEN-Signature": "A".repeat(20_000) },
  { "If-Unmodified-Since": "yesterday" },
  { "Idempotency-Key": "k".repeat(10_000) },
  { "Idempotency-Key": "\"'" },
  { "X-Forwarded-URI": "http://[::1", "X-Forwarded-Method": "TRACE" },
  { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript" },
  { Cookie: "JWT=; JWT=x; =; ;;" },
  { Accept: "*/*;q=", "Accept-Encoding": "br;q=9" },
  { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "99" },
  { Origin: "null" },
  { "Content-Length": "-1" },
  { "X-HTTP-Method-Override": "DELETE" },
];
