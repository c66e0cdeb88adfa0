import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv, JsonBody } from "./app-env.ts";
import { Fault } from "./fault.ts";
import { isUuid } from "./ids.ts";
import { parseKeptJson } from "./json.ts";

/** Body of every fault. */
export const FaultBody = z
  .object({ error: z.string(), request_id: z.string() })
  .openapi("Error", { description: "What went wrong, and the id to quote when asking about it" });

const FAULT_TEXT: Record<number, string> = {
  400: "The request is malformed",
  401: "The token is missing, unreadable, expired or revoked",
  403: "The role of the user does not allow this",
  404: "There is no such thing in this tenant",
  409: "It conflicts with what exists",
  412: "The entity tag does not match",
  413: "The body is too large",
  415: "The content type is not supported",
  422: "The request is understood but cannot be carried out",
  429: "Too many requests",
};

/** The `responses` entries of a route for these fault statuses, besides its successes. */
export const faultResponses = <S extends number>(...statuses: S[]) => {
  const entries = statuses.map((status) => [
    status,
    { description: FAULT_TEXT[status] ?? "Fault", content: { "application/json": { schema: FaultBody } } },
  ]);
  return Object.fromEntries(entries) as Record<
    S,
    { description: string; content: { "application/json": { schema: typeof FaultBody } } }
  >; // fromEntries forgets the keys it was given
};

export const jsonContent = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

type Issue = { path: PropertyKey[]; message: string; params?: unknown };

const isVerbatim = (issue: Issue) =>
  typeof issue.params === "object" && issue.params !== null && "verbatim" in issue.params;

/** Marks an issue whose message is the whole error text instead of `field: message.` */
export const verbatim = (message: string) => ({
  code: "custom" as const,
  message,
  params: { verbatim: true },
});

/** More are not told: an answer is read by people, and sorting them all can take seconds. */
export const MAX_ISSUES = 100;

/** Issues in Mender's form: `field: problem; other: problem.`, sorted by field. */
export function describeIssues(issues: readonly Issue[]): string {
  const whole = issues.slice(0, MAX_ISSUES).find(isVerbatim);
  if (whole) return whole.message;
  const pieces = issues.slice(0, MAX_ISSUES).map((issue) => {
    const field = issue.path.join(".");
    return field ? `${field}: ${issue.message}` : issue.message;
  });
  return `${[...new Set(pieces)].sort().join("; ")}.`;
}

type HookResult = { success: true } | { success: false; error: { issues: readonly Issue[] } };

/** Validation hook of a route: throws a 400 with this prefix before the description of the issues. */
export const refuseInvalid =
  (prefix = "") =>
  (result: HookResult): undefined => {
    if (!result.success) throw new Fault("bad_request", prefix + describeIssues(result.error.issues));
    return undefined;
  };

/** Ids that a body may list: about what fits into it. */
export const MAX_LISTED_IDS = 30_000;

/** Required text with the field's wording for blank and for too long. Length is counted in characters. */
export const requiredText = (min: number, max: number) =>
  z
    .string({ error: "cannot be blank" })
    .min(1, { error: "cannot be blank" })
    .refine((text) => text === "" || (text.length >= min && text.length <= max), {
      error: `the length must be between ${min} and ${max}`,
    });

/** An id that the original takes as a UUID only. */
export const uuidText = z
  .string()
  .refine(isUuid, { error: "ID is not a valid UUID", params: { verbatim: true } })
  .openapi({ type: "string", format: "uuid" });

export const optionalText = (max: number) =>
  z
    .string()
    .max(max, { error: `the length must be no more than ${max}` })
    .optional();

/** Whether a request comes with a body; one of undeclared length may turn out to be empty. */
export const hasBody = (c: Context<AppEnv>) => {
  const length = c.req.header("content-length");
  return length === undefined ? c.req.raw.body !== null : Number(length) > 0;
};

const MEDIA_TYPE = /^\s*([\w.+-]+\/[\w.+-]+)\s*(;.*)?$/;

/** The media type of the request in lower case; 400 when a body comes without a readable one. */
export function mediaTypeOf(c: Context<AppEnv>): string {
  const header = c.req.header("content-type");
  const match = MEDIA_TYPE.exec(header ?? "");
  if (!match?.[1]) {
    const reason = header ? `mime: malformed media type ${JSON.stringify(header)}` : "mime: no media type";
    throw new Fault("bad_request", `Invalid value for Content-Type header: ${reason}`);
  }
  return match[1].toLowerCase();
}

/** The error of a route that needs a body and got none. */
export const absentBody = (prefix: string) => new Fault("bad_request", `${prefix}EOF`);

/** Whether a parser's complaint is about the end of the text, which comes before that of the value. */
const breaksOff = (text: string, complaint: string) => {
  const [, position] = /at position (\d+)/.exec(complaint) ?? [];
  return /end of JSON input|^Unterminated/.test(complaint) || Number(position) === text.length;
};

/** The value of a JSON body, or 400 with the words of the original's decoder for a body that is absent or breaks off. */
export function parseJsonBody(text: string, prefix = ""): unknown {
  if (text.trim() === "") throw absentBody(prefix);
  try {
    return parseKeptJson(text);
  } catch (cause) {
    const complaint = cause instanceof Error ? cause.message : "invalid JSON";
    throw new Fault("bad_request", prefix + (breaksOff(text, complaint) ? "unexpected EOF" : complaint));
  }
}

/** What is read of the body; one that ends before its declared length breaks off too. */
export async function wholeBody<T>(reading: Promise<T>, prefix = ""): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw new Fault("bad_request", `${prefix}unexpected EOF`, { cause });
  }
}

/** Bodies that the gateway had to look into before their routes. */
export const parsedBodies = new WeakMap<Request, { value: unknown }>();

/** Reads the JSON body (protocol notes, gateway 5): content type rules, then syntax. */
export async function readJsonBody(c: Context<AppEnv>, prefix = ""): Promise<JsonBody> {
  const absent = { prefix, isAbsent: true, value: undefined };
  if (!hasBody(c)) return absent;
  if (mediaTypeOf(c) !== "application/json") {
    throw new Fault("unsupported_media", "Bad Content-Type, expected 'application/json'");
  }
  const known = parsedBodies.get(c.req.raw);
  if (known) return { prefix, isAbsent: false, value: known.value };
  const text = await wholeBody(c.req.text(), prefix);
  return text.trim() === "" ? absent : { prefix, isAbsent: false, value: parseJsonBody(text, prefix) };
}

/** Route middleware for JSON bodies. The route's schema sees the parsed value afterwards. */
export const jsonBody =
  (prefix = ""): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    c.set("jsonBody", await readJsonBody(c, prefix));
    await next();
  };
