import type { Dice } from "../../clients/artifact-damage.ts";
import { artifact } from "../../support/artifact-samples.ts";
import { fill, jsonSchemaOf, plausibleBody, type Route } from "../../support/hostile-calls.ts";
import {
  HOSTILE_BODIES,
  HOSTILE_HEADERS,
  HOSTILE_JSON,
  HOSTILE_QUERIES,
  HOSTILE_SEGMENTS,
  HOSTILE_TYPES,
  mutated,
  type Schemas,
} from "../../support/hostile-values.ts";

/** One call, as it goes over the network. */
export interface HostileCase {
  what: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | undefined;
}

const JSON_LIMIT = 1024 * 1024;
const UNIT = [
  "",
  "0",
  "-1",
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "\u0000",
  "é",
  "1e999",
  "null",
  "%",
  "x",
];
const BOUNDARY = "hostile";

/** What no client can send and be answered over the same connection: bodies cut short have their own test. */
const SENDABLE_HEADERS = HOSTILE_HEADERS.filter((headers) => !("Content-Length" in headers));

const pick = <T>(dice: Dice, list: readonly T[]): T => list[dice.below(list.length)]!;

/** The text with some of it removed, repeated or replaced. */
function damaged(text: string, dice: Dice): string {
  let result = text;
  for (let left = 1 + dice.below(3); left > 0; left--) {
    const [at, length] = [dice.below(result.length + 1), dice.below(8)];
    const between = dice.below(2) === 0 ? pick(dice, UNIT) : result.slice(at, at + length).repeat(3);
    result = result.slice(0, at) + between + result.slice(at + length);
  }
  return result;
}

const junk = (dice: Dice) =>
  Array.from({ length: 1 + dice.below(6) }, () => `%${dice.below(256).toString(16).padStart(2, "0")}`).join(
    "",
  );

/** A form as clients send artifacts, with names, order, sizes and bytes that are not theirs. */
function hostileForm(dice: Dice): Buffer {
  const file = artifact();
  file[dice.below(file.length)]! ^= 1 << dice.below(8);
  const values = ["", "-1", "1e9", "99999999999999999999", "x", "plausible", "[]", "{}", String(file.length)];
  const names = [
    "size",
    "description",
    "artifact_id",
    "name",
    "file",
    "args",
    "device_types_compatible",
    "__proto__",
    "",
  ];
  const parts = Array.from({ length: dice.below(5) }, () => {
    const disposition = `form-data; name="${pick(dice, names)}"`;
    return Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n\r\n${pick(dice, values)}\r\n`,
    );
  });
  const fileHead = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${pick(dice, ["artifact", "file", "x"])}"; filename="${pick(dice, ["a", "../a", "", "\u202e"])}"\r\n\r\n`;
  const whole = Buffer.concat([
    ...parts,
    Buffer.from(fileHead),
    file,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
  return dice.below(3) === 0 ? whole.subarray(0, dice.below(whole.length)) : whole;
}

type Change = (about: HostileCase) => void;

/** What can be hostile about a call of this route. */
export class Attacker {
  readonly #route: Route;
  readonly #things: Record<string, string>;
  readonly #dice: Dice;
  readonly #plausible: string | undefined;
  readonly #mutations: ((mutant: string) => string)[];
  readonly #changes: Change[];

  constructor(route: Route, schemas: Schemas, things: Record<string, string>, dice: Dice) {
    const schema = jsonSchemaOf(route);
    this.#route = route;
    this.#things = things;
    this.#dice = dice;
    this.#plausible = plausibleBody(route, schemas);
    this.#mutations = schema ? [...mutated(schema, schemas)] : [];
    this.#changes = this.#possible();
  }

  /** The next call, which one or two things are wrong with. */
  next(): HostileCase {
    const about: HostileCase = { what: "", path: fill(this.#route.path, this.#things), headers: {} };
    if (this.#plausible !== undefined) this.#json(about, this.#plausible);
    for (let left = 1 + this.#dice.below(2); left > 0; left--) pick(this.#dice, this.#changes)(about);
    return about;
  }

  #possible(): Change[] {
    const { method, path, requestBody } = this.#route;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    const changes: Change[] = [(about) => this.#header(about), (about) => this.#query(about)];
    if (names.length > 0) changes.push((about) => this.#segment(about, pick(this.#dice, names)));
    if (method === "GET" || method === "DELETE") return changes;
    changes.push(
      (about) => this.#body(about, pick(this.#dice, HOSTILE_BODIES)),
      (about) => this.#type(about),
    );
    if (requestBody?.content["multipart/form-data"]) changes.push((about) => this.#form(about));
    if (this.#mutations.length === 0) return changes;
    const value = (about: HostileCase) =>
      this.#body(about, pick(this.#dice, this.#mutations)(pick(this.#dice, HOSTILE_JSON)));
    const damage = (about: HostileCase) => this.#body(about, damaged(this.#plausible ?? "{}", this.#dice));
    const large = (about: HostileCase) => {
      const size = this.#dice.below(20) === 0 ? JSON_LIMIT - 1 : 60_000;
      this.#body(about, pick(this.#dice, this.#mutations)(JSON.stringify("x".repeat(size))));
    };
    return [...changes, value, value, value, value, damage, damage, large];
  }

  #json(about: HostileCase, body: string) {
    about.body = body;
    about.headers["Content-Type"] = "application/json";
  }

  #body(about: HostileCase, body: string) {
    this.#json(about, body);
    about.what += ` body ${body.slice(0, 200)}`;
  }

  #form(about: HostileCase) {
    about.body = hostileForm(this.#dice);
    about.headers["Content-Type"] = `multipart/form-data; boundary=${BOUNDARY}`;
    about.what += " form";
  }

  #type(about: HostileCase) {
    const type = pick(this.#dice, HOSTILE_TYPES);
    delete about.headers["Content-Type"];
    if (type !== undefined) about.headers["Content-Type"] = type;
    about.body ??= "{}";
    about.what += ` type ${type}`;
  }

  #header(about: HostileCase) {
    const headers = pick(this.#dice, SENDABLE_HEADERS);
    Object.assign(about.headers, headers);
    about.what += ` ${JSON.stringify(headers).slice(0, 80)}`;
  }

  #query(about: HostileCase) {
    const declared = (this.#route.parameters ?? []).filter((p) => p.in === "query").map((p) => p.name);
    const name = pick(this.#dice, ["page", "per_page", "sort", "id", ...declared, ...declared]);
    const value = this.#dice.below(4) === 0 ? junk(this.#dice) : pick(this.#dice, HOSTILE_QUERIES);
    const query = pick(this.#dice, [
      `${name}=${value}`,
      `${name}=${value}&${name}=${value}`,
      `${name}[]=${value}`,
    ]);
    about.path += `${about.path.includes("?") ? "&" : "?"}${query.replaceAll("{}", name)}`;
    about.what += ` ?${query.slice(0, 80)}`;
  }

  #segment(about: HostileCase, name: string) {
    const value = this.#dice.below(4) === 0 ? junk(this.#dice) : pick(this.#dice, HOSTILE_SEGMENTS);
    about.path = fill(this.#route.path, { ...this.#things, [name]: value });
    about.what += ` ${name} ${value.slice(0, 60)}`;
  }
}
