import type { Answer, Server } from "./server.ts";
import { OPERATOR_TOKEN } from "./server.ts";

export const WORKFLOW = "/api/v1/workflow";
export const JOBS = "/api/operator/v1/jobs";

export interface ShownJob {
  id: string;
  workflowName: string;
  inputParameters: { name: string; value: unknown }[];
  status: string;
  results: Record<string, unknown>[] | null;
  failure?: string;
}

/** Calls as the operator. */
export const asOperator = (server: Server, method: string, path: string, json?: unknown): Promise<Answer> =>
  server.call(method, path, { token: OPERATOR_TOKEN, ...(json !== undefined && { json }) });

export const register = (server: Server, definition: Record<string, unknown>): Promise<Answer> =>
  asOperator(server, "POST", "/api/v1/metadata/workflows", definition);

/** Starts a job and returns its id; throws if it was refused. */
export async function start(server: Server, name: string, input: Record<string, unknown>): Promise<string> {
  const answer = await asOperator(server, "POST", `${WORKFLOW}/${name}`, input);
  if (answer.status !== 201) throw new Error(`not started: ${answer.status} ${answer.text}`);
  return answer.json<{ id: string }>().id;
}

export const jobOf = async (server: Server, id: string): Promise<ShownJob> =>
  (await asOperator(server, "GET", `/api/v1/jobs/${id}`)).json<ShownJob>();

export const notify = (more: Record<string, unknown> = {}, http: Record<string, unknown> = {}) => ({
  name: "notify",
  version: 1,
  inputParameters: ["who"],
  tasks: [
    {
      name: "tell",
      type: "http",
      retries: 2,
      retryDelaySeconds: 5,
      http: {
        uri: "https://hooks.example.com/${encoding=url;workflow.input.who}",
        method: "POST",
        contentType: "application/json",
        json: { who: "${workflow.input.who}", fixed: "a ${workflow.input.who} b" },
        headers: { Authorization: "Bearer abc-secret", "X-Plain": "yes" },
        ...http,
      },
    },
  ],
  ...more,
});
