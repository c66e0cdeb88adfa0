import { ChunkSource, decodeText, joinBytes } from "../artifact/bytes.ts";
import type { Deps } from "../platform/deps.ts";
import { refusedTarget } from "../platform/outgoing.ts";
import { streamChunks } from "../storage/index.ts";
import type { WorkflowCall } from "../platform/background.ts";
import type { HttpTask } from "./definition.ts";
import { isSecretName, MASK, maskedText, maskedUri, withoutVariables } from "./masking.ts";
import { resultOf, type Outcome, type TaskResult } from "./task-result.ts";
import { ExpansionTooLong, expandText, expandValue, type Scope } from "./template.ts";

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REDIRECTS = 5;

interface Outgoing {
  uri: string;
  method: string;
  headers: Headers;
  body: string | null;
}

function outgoing(task: HttpTask, scope: Scope, key: string): Outgoing {
  const { http } = task;
  const headers = new Headers({ "Idempotency-Key": key });
  if (http.contentType !== undefined) headers.set("Content-Type", expandText(http.contentType, scope));
  let body: string | null = null;
  if (http.formdata) {
    const pairs = Object.entries(http.formdata).map(([name, value]) => [name, expandText(value, scope)]);
    body = new URLSearchParams(pairs).toString();
    headers.set("Content-Type", "application/x-www-form-urlencoded");
  } else if (http.json !== undefined) body = JSON.stringify(expandValue(http.json, scope));
  else if (http.body !== undefined && http.body !== "") body = expandText(http.body, scope);
  for (const [name, value] of Object.entries(http.headers ?? {})) headers.set(name, expandText(value, scope));
  const method = http.method.toUpperCase();
  return { uri: expandText(http.uri, scope), method, headers, body: method === "GET" ? null : body };
}

/** What of a request may be kept: neither secret headers nor values of the operator's variables. */
function recorded({ uri, method, headers, body }: Outgoing, scope: Scope): TaskResult["httpRequest"] {
  const shown = (text: string) => withoutVariables(text, scope.variables);
  return {
    uri: shown(maskedUri(uri)),
    method,
    body: shown(maskedText(body ?? "")),
    headers: [...headers].map(([name, value]) => `${name}: ${isSecretName(name) ? MASK : shown(value)}`),
  };
}

/** Sends the request of a task. Whatever keeps an answer from coming is tried again, like a bad status. */
export async function runHttpTask(
  deps: Deps,
  task: HttpTask,
  scope: Scope,
  { stableId }: WorkflowCall,
): Promise<Outcome> {
  let request: Outgoing;
  try {
    request = outgoing(task, scope, stableId);
  } catch (cause) {
    if (cause instanceof ExpansionTooLong) throw cause;
    return { kind: "refused", reason: "the request has malformed headers", result: resultOf(task, false) };
  }
  const httpRequest = recorded(request, scope);
  const base = { ...resultOf(task, false), ...(httpRequest && { httpRequest }) };
  const refusal = refusedFor(deps, request.uri);
  if (refusal !== undefined) return { kind: "refused", reason: refusal, result: base };
  try {
    const response = await send(deps, request, timeoutOf(deps, task));
    const { status: statusCode } = response;
    const body = await answerText(response);
    const result = { ...base, httpResponse: { statusCode, body } };
    if (isSuccess(task, statusCode)) return { kind: "success", result: { ...result, success: true } };
    return { kind: "retry", reason: `answered ${statusCode}`, result };
  } catch (cause) {
    deps.log.error("workflow request failed", { task: task.name, cause });
    return { kind: "retry", reason: "no answer", result: base };
  }
}

const refusedFor = ({ settings, origin }: Deps, address: string): string | undefined =>
  refusedTarget(address, { local: settings.LOCAL, ownOrigin: origin });

const timeoutOf = ({ settings }: Deps, { http }: HttpTask): number =>
  Math.min(http.readTimeOut || settings.WORKFLOW_HTTP_TIMEOUT_S, settings.WORKFLOW_HTTP_TIMEOUT_S) * 1000;

/** A redirect that is left stands for an answer that never came, unless the definition names it. */
const isSuccess = ({ http: { statusCodes } }: HttpTask, status: number): boolean =>
  statusCodes && statusCodes.length > 0 ? statusCodes.includes(status) : status < 300;

/** Follows redirects within the host only: what was addressed to one host is never sent to another. */
async function send(deps: Deps, first: Outgoing, timeoutMs: number): Promise<Response> {
  const signal = AbortSignal.timeout(timeoutMs);
  let request = first;
  for (let hop = 0; ; hop++) {
    const { uri, method, headers, body } = request;
    const response = await fetch(uri, { method, headers, body, signal, redirect: "manual" });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || !location || hop === MAX_REDIRECTS) return response;
    if (!URL.canParse(location, uri)) return response;
    const next = new URL(location, uri);
    if (next.origin !== new URL(uri).origin || refusedFor(deps, next.href)) {
      return response;
    }
    await response.body?.cancel();
    const keeps = response.status === 307 || response.status === 308;
    request = keeps
      ? { ...request, uri: next.href }
      : { ...request, uri: next.href, method: "GET", body: null };
  }
}

async function answerText(response: Response): Promise<string> {
  if (!response.body) return "";
  const parts: Uint8Array[] = [];
  let room = MAX_ANSWER_BYTES;
  const source = new ChunkSource(streamChunks(response.body));
  try {
    while (room > 0 && (await source.fill())) {
      const part = source.take(room).slice();
      room -= part.length;
      parts.push(part);
    }
  } finally {
    await source.close();
  }
  return decodeText(joinBytes(parts));
}
