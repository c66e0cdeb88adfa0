import type { Deps, WorkflowCall } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { CallTask, Task } from "./definition.ts";
import { runHttpTask } from "./http-task.ts";
import { runMailTask } from "./mail-task.ts";
import { resultOf, type Outcome } from "./task-result.ts";
import { ExpansionTooLong, expandText, expandValue, type Scope } from "./template.ts";

/** Tasks whose effect leaves this server and may not be started twice at once. */
export const isOutgoing = (task: Task): boolean => task.type !== "call";

export async function runTask(deps: Deps, task: Task, scope: Scope, context: WorkflowCall): Promise<Outcome> {
  try {
    return await run(deps, task, scope, context);
  } catch (cause) {
    if (!(cause instanceof ExpansionTooLong)) throw cause;
    const reason = "what its expressions make is too long";
    return { kind: "refused", reason, result: resultOf(task, false) };
  }
}

async function run(deps: Deps, task: Task, scope: Scope, context: WorkflowCall): Promise<Outcome> {
  if (task.requires?.some((expression) => expandText(expression, scope) === "")) {
    return { kind: "success", result: { ...resultOf(task, true), skipped: true } };
  }
  switch (task.type) {
    case "http":
      return runHttpTask(deps, task, scope, context);
    case "smtp":
      return runMailTask(deps, task, scope);
    case "call":
      return runCallTask(deps, task, scope, context);
  }
}

async function runCallTask(
  deps: Deps,
  task: CallTask,
  scope: Scope,
  context: WorkflowCall,
): Promise<Outcome> {
  const { function: name, parameters, accept = [] } = task.call;
  const call = deps.workflowFunctions.get(name);
  const ended = (kind: "retry" | "refused", reason: string): Outcome => ({
    kind,
    reason,
    result: { ...resultOf(task, false), call: { function: name, error: reason } },
  });
  const succeeded: Outcome = {
    kind: "success",
    result: { ...resultOf(task, true), call: { function: name, error: "" } },
  };
  if (!call) return ended("refused", `there is no function ${name}`);
  try {
    await call(deps, context, expandValue(parameters, scope));
  } catch (cause) {
    if (cause instanceof ExpansionTooLong) throw cause;
    if (cause instanceof Fault) {
      // What was there or gone already leaves the same record as what was done now.
      if (accept.includes(cause.kind)) return succeeded;
      const error = cause.publicMessage || cause.kind;
      return ended(cause.status >= 500 || cause.kind === "rate_limited" ? "retry" : "refused", error);
    }
    deps.log.error("workflow function failed", { function: name, cause });
    // The cause may hold what only the log may know.
    return ended("retry", "internal error");
  }
  return succeeded;
}
