import type { Context } from "hono";
import type { App, AppEnv } from "../../platform/app-env.ts";
import { PERMISSIONS } from "../../platform/permissions.ts";
import { forUsers, STRANGERS_BODY } from "../../platform/route.ts";
import { Fault } from "../../platform/fault.ts";
import { callTool, describedTool, toolsFor } from "./call.ts";
import {
  errorOf,
  INVALID_REQUEST,
  Message,
  METHOD_NOT_FOUND,
  PARSE_ERROR,
  resultOf,
  RpcError,
  VERSIONS,
} from "./protocol.ts";

const INSTRUCTIONS =
  "Edgemend manages devices and updates their software over the air. Ids come from lists: begin with find_devices, list_deployments or list_alerts.";

/** Stateless: each request is answered by itself, as one JSON document. Without a stream nothing is sent unasked. */
export function mountTools(app: App): void {
  // Whoever may do anything may ask: each tool is refused to who may not use its operation.
  const access = { ...forUsers(PERMISSIONS), bounds: "verb", body: STRANGERS_BODY } as const;
  app.plain(access, ["POST"], "/mcp", async (c) => {
    requireOwnOrigin(c);
    const version = c.req.header("mcp-protocol-version");
    if (version !== undefined && !VERSIONS.some((one) => one === version))
      return c.json(
        errorOf(null, new RpcError(INVALID_REQUEST, "this version of the protocol is not spoken here")),
        400,
      );
    const message = Message.safeParse(await bodyOf(c));
    if (!message.success) {
      const code = (await bodyOf(c)) === undefined ? PARSE_ERROR : INVALID_REQUEST;
      return c.json(errorOf(null, new RpcError(code, "must be one message of JSON-RPC 2.0")), 400);
    }
    const { id, method, params } = message.data;
    if (id === undefined || method === undefined) return c.body(null, 202);
    try {
      return c.json(resultOf(id, await answerTo(app, c, method, params)), 200);
    } catch (cause) {
      if (!(cause instanceof RpcError)) throw cause;
      return c.json(errorOf(id, cause), 200);
    }
  });
}

/** A page of another site must not use who is signed in here, whatever name it has given this address. */
function requireOwnOrigin(c: Context<AppEnv>): void {
  const origin = c.req.header("origin");
  if (origin === undefined) return;
  const own = [new URL(c.req.url).origin, c.var.deps.origin];
  if (!own.includes(origin)) throw new Fault("forbidden", "requests from pages of other sites are not taken");
}

async function bodyOf(c: Context<AppEnv>): Promise<unknown> {
  try {
    return JSON.parse(await c.req.text());
  } catch {
    return undefined;
  }
}

async function answerTo(
  app: App,
  c: Context<AppEnv>,
  method: string,
  params: Record<string, unknown> | undefined,
): Promise<object> {
  if (method === "initialize") {
    const asked = VERSIONS.find((version) => version === params?.["protocolVersion"]);
    return {
      protocolVersion: asked ?? VERSIONS[0],
      capabilities: { tools: { listChanged: false } },
      serverInfo: { name: "edgemend", title: "Edgemend", version: "1" },
      instructions: INSTRUCTIONS,
    };
  }
  if (method === "ping") return {};
  if (method === "tools/list") return { tools: toolsFor(c).map(describedTool) };
  if (method === "tools/call") return callTool(app, c, params);
  throw new RpcError(METHOD_NOT_FOUND, "no such method");
}
