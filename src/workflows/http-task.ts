import type { Deps, WorkflowCall } from "../platform/deps.ts";
import { sendOutgoing, TargetRefused, type OutgoingRequest } from "../platform/send-outgoing.ts";
import type { HttpTask } from "./definition.ts";
import { isSecretName, MASK, maskedText, maskedUri, withoutVariables } from "./masking.ts";
import { resultOf, type Outcome, type TaskResult } from "./task-result.ts";
import { ExpansionTooLong, expandText, expandValue, type Scope } from "./template.ts";

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REDIRECTS = 5;

function outgoing(task: HttpTask, scope: Scope, key: string): OutgoingRequest {
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
function recorded({ uri, method, headers, body }: OutgoingRequest, scope: Scope): TaskResult["httpRequest"] {
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
  let request: OutgoingRequest;
  try {
    request = outgoing(task, scope, stableId);
  } catch (cause) {
    if (cause instanceof ExpansionTooLong) throw cause;
    return { kind: "refused", reason: "the request has malformed headers", result: resultOf(task, false) };
  }
  const httpRequest = recorded(request, scope);
  const base = { ...resultOf(task, false), ...(httpRequest && { httpRequest }) };
  try {
    const { status: statusCode, text: body } = await sendOutgoing(deps, request, {
      timeoutMs: timeoutOf(deps, task),
      answerBytes: MAX_ANSWER_BYTES,
      redirects: MAX_REDIRECTS,
    });
    const result = { ...base, httpResponse: { statusCode, body } };
    if (isSuccess(task, statusCode)) return { kind: "success", result: { ...result, success: true } };
    return { kind: "retry", reason: `answered ${statusCode}`, result };
  } catch (cause) {
    if (cause instanceof TargetRefused) return { kind: "refused", reason: cause.message, result: base };
    deps.log.error("workflow request failed", { task: task.name, cause });
    return { kind: "retry", reason: "no answer", result: base };
  }
}

const timeoutOf = ({ settings }: Deps, { http }: HttpTask): number =>
  Math.min(http.readTimeOut || settings.WORKFLOW_HTTP_TIMEOUT_S, settings.WORKFLOW_HTTP_TIMEOUT_S) * 1000;

/** A redirect that is left stands for an answer that never came, unless the definition names it. */
const isSuccess = ({ http: { statusCodes } }: HttpTask, status: number): boolean =>
  statusCodes && statusCodes.length > 0 ? statusCodes.includes(status) : status < 300;
