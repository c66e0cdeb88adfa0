import type { Task } from "./definition.ts";

/** What is kept of a task and shown with its job (protocol notes, workflows 5). */
export interface TaskResult {
  name: string;
  type: Task["type"];
  success: boolean;
  skipped: boolean;
  httpRequest?: { uri: string; method: string; body: string; headers: string[] };
  httpResponse?: { statusCode: number; body: string };
  smtp?: { sender: string; recipients: string[]; error: string };
  call?: { function: string; error: string };
}

/** `retry`: it may work another time. `refused`: it never will. */
export type Outcome =
  | { kind: "success"; result: TaskResult }
  | { kind: "retry" | "refused"; result: TaskResult; reason: string };

export const resultOf = (task: Task, success: boolean): TaskResult => ({
  name: task.name,
  type: task.type,
  success,
  skipped: false,
});
