import type { Context } from "hono";
import { z } from "zod";
import type { App, AppEnv } from "../../platform/app-env.ts";
import { addAudit } from "../../platform/audit.ts";
import { userOf } from "../../platform/app.ts";
import { describeIssues } from "../../platform/wire.ts";
import { TOOLS, type Tool } from "./catalogue.ts";
import { INVALID_PARAMS, RpcError } from "./protocol.ts";

/** Characters of an answer: an assistant has to read all of it. */
const MAX_ANSWER = 65_536;

/** What the tool's own request is told by: who asks, and from where. */
const PASSED_ON = [
  "authorization",
  "cf-connecting-ip",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "forwarded",
];

const Call = z.looseObject({ name: z.string().max(128), arguments: z.unknown() });

/** Whether the caller's token says that tools may change something. */
const mayWrite = (c: Context<AppEnv>): boolean => userOf(c).toolsWrite === true;

export const toolsFor = (c: Context<AppEnv>): readonly Tool[] =>
  mayWrite(c) ? TOOLS : TOOLS.filter(({ writes }) => !writes);

export const describedTool = ({ name, title, description, input, writes, isFinal }: Tool) => ({
  name,
  title,
  description,
  inputSchema: z.toJSONSchema(input, { io: "input" }),
  annotations: { title, readOnlyHint: !writes, destructiveHint: isFinal === true, openWorldHint: false },
});

const inPath = /\{(\w+)\}/g;

function requestOf(c: Context<AppEnv>, tool: Tool, given: Record<string, unknown>): Request {
  const left = new Map(Object.entries(given).filter(([, value]) => value !== undefined));
  const path = tool.path.replaceAll(inPath, (_, name: string) => {
    const value = String(left.get(name));
    left.delete(name);
    return encodeURIComponent(value);
  });
  const url = new URL(path, c.req.url);
  const headers = new Headers();
  for (const name of PASSED_ON) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  const cf = c.req.raw.cf;
  const init = { method: tool.method, headers, ...(cf && { cf }) };
  if (tool.method === "GET") {
    for (const [name, value] of left) url.searchParams.set(name, String(value));
    return new Request(url, init as RequestInit);
  }
  headers.set("Content-Type", "application/json");
  const body = JSON.stringify(tool.body?.(given) ?? Object.fromEntries(left));
  return new Request(url, { ...init, body } as RequestInit);
}

/** Every call is on record before it is made, by the operation that it leads to. */
async function record(c: Context<AppEnv>, tool: Tool, request: Request): Promise<void> {
  const { deps } = c.var;
  const user = userOf(c);
  const { pathname, search } = new URL(request.url);
  const entry = {
    action: "call",
    object: { type: "tool", id: tool.name },
    change: `${tool.method} ${pathname}${search}`.slice(0, 1024),
  };
  await deps.db(user.tenant).one(addAudit(user, entry, deps.now()));
}

/** Carries out one tool; what its operation refuses is a result that says so, and not an error of the protocol. */
export async function callTool(app: App, c: Context<AppEnv>, params: unknown): Promise<object> {
  const call = Call.safeParse(params);
  const tool = call.success ? TOOLS.find(({ name }) => name === call.data.name) : undefined;
  if (!call.success || !tool) throw new RpcError(INVALID_PARAMS, "no such tool");
  if (tool.writes && !mayWrite(c))
    throw new RpcError(INVALID_PARAMS, "the token does not let tools change anything");
  const given = tool.input.strict().safeParse(call.data.arguments ?? {});
  if (!given.success) throw new RpcError(INVALID_PARAMS, `arguments: ${describeIssues(given.error.issues)}`);
  const request = requestOf(c, tool, given.data);
  await record(c, tool, request);
  const answer = await app.fetch(request, c.env, c.executionCtx);
  const text = await answer.text();
  const location = answer.headers.get("Location");
  const told = text || `${answer.status}${location === null ? "" : ` ${location}`}`;
  const total = answer.headers.get("X-Total-Count");
  const isLeast = answer.headers.get("X-Total-Count-Is") === "at-least";
  const shown =
    told.length > MAX_ANSWER ? `${told.slice(0, MAX_ANSWER)}\n(shortened: ask for less at once)` : told;
  return {
    content: [
      { type: "text", text: shown },
      ...(total === null
        ? []
        : [{ type: "text", text: `Of all there are ${isLeast ? "at least " : ""}${total}.` }]),
    ],
    isError: answer.status >= 400,
  };
}
