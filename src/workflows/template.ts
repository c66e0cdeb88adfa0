import type { StepBudget } from "../platform/step-budget.ts";
import type { Input } from "./definition.ts";

/** What expressions can stand for. */
export interface Scope {
  input: Input;
  variables: Readonly<Record<string, string>>;
  /** Decoded answers of earlier tasks; of several tasks of one name the first counts. */
  answers: ReadonlyMap<string, unknown>;
  /** Characters that all expressions of a task may make together: a text may name a long value any number of times. */
  budget: StepBudget;
}

/** What the expressions of a task make is longer than its budget. */
export class ExpansionTooLong extends Error {}

const EXPRESSION = /\$\{([^{}]*)\}/g;
const WHOLE_INPUT = /^\$\{workflow\.input\.([^{}|;]+)\}$/;
const INPUT = "workflow.input.";
const JSON_INPUT = ".jsonInput.";

/** The value of an expression as text (protocol notes, workflows 3). */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join(",");
  return JSON.stringify(value);
}

function memberOf(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.replaceAll(/\[(\d+)\]/g, ".$1").split(".")) {
    if (step === "") continue;
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string, unknown>)[step]; // an object that has the key
  }
  return found;
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

const own = (record: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined;

function resolve(name: string, scope: Scope): unknown {
  if (name.startsWith(INPUT)) return own(scope.input, name.slice(INPUT.length));
  if (name.startsWith("env.")) return own(scope.variables, name.slice("env.".length));
  const at = name.indexOf(".json.");
  if (at < 0) return undefined;
  return memberOf(scope.answers.get(name.slice(0, at)), name.slice(at + ".json.".length));
}

const HTML: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

function encoded(text: string, options: readonly string[]): string {
  if (options.includes("encoding=url")) return new URLSearchParams({ v: text }).toString().slice(2);
  if (options.includes("encoding=html")) return text.replaceAll(/[&<>"']/g, (c) => HTML[c] ?? c);
  return text;
}

function evaluate(expression: string, scope: Scope): string {
  const [reference = "", ...defaults] = expression.split("|");
  const options = reference.split(";");
  const name = options.pop() ?? "";
  const value = resolve(name, scope);
  const text = value === undefined ? defaults.join("|") : textOf(value);
  scope.budget.spend(text.length);
  return encoded(text, options);
}

/** The input and the path in it that an expression names, if it looks into an input that is JSON. */
function jsonInputOf(expression: string): { name: string; path: string } | undefined {
  const [reference = ""] = expression.split("|", 1);
  const name = reference.slice(reference.lastIndexOf(";") + 1);
  const at = name.indexOf(JSON_INPUT, INPUT.length + 1);
  if (!name.startsWith(INPUT) || at < 0 || at + JSON_INPUT.length === name.length) return undefined;
  return { name: name.slice(INPUT.length, at), path: name.slice(at + JSON_INPUT.length) };
}

/** Replaces every expression once: what a value brings along is never looked at again. */
export function expandText(text: string, scope: Scope): string {
  for (const [, expression = ""] of text.matchAll(EXPRESSION)) {
    const found = jsonInputOf(expression);
    if (found) return textOf(memberOf(parsed(own(scope.input, found.name)), found.path));
  }
  return text.replaceAll(EXPRESSION, (_, expression: string) => evaluate(expression, scope));
}

/** The same in all texts of a value; a text that is exactly one input becomes that input with its type. */
export function expandValue(value: unknown, scope: Scope): unknown {
  if (typeof value === "string") {
    const name = WHOLE_INPUT.exec(value)?.[1];
    if (name !== undefined && !name.includes(JSON_INPUT)) {
      const input = own(scope.input, name) ?? null;
      scope.budget.spend(textOf(input).length);
      return input;
    }
    return expandText(value, scope);
  }
  if (Array.isArray(value)) return value.map((member) => expandValue(member, scope));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expandValue(member, scope)]));
}
