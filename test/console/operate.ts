import { theStage } from "./setup.ts";

/** What whoever runs the server does. */
export async function operate(method: string, path: string, body: unknown): Promise<Response> {
  const { url, operatorToken } = theStage().server;
  const answer = await fetch(new URL(path, url), {
    method,
    headers: { Authorization: `Bearer ${operatorToken}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}: ${await answer.text()}`);
  return answer;
}
