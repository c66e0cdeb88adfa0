import { env, type Answer, type Server } from "./server.ts";

/** Status and text of a fault. */
export const refusal = (answer: Answer) => [answer.status, answer.json().error];

/** Statuses of answers that may come in any order. */
export const statusesOf = (answers: Answer[]) =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);

export const rowsOf = async (sql: string) =>
  (await env.DB.prepare(sql).all<Record<string, unknown>>()).results;

/** What the audit log says about an object, sign-ins of a user apart. */
export const auditOf = (objectId: string) =>
  rowsOf(
    `SELECT actor_id, action, change FROM audit_log WHERE object_id = '${objectId}' AND action NOT LIKE 'sign_in%' ORDER BY time_ms, id`,
  );

/** Kinds of the recorded events about a subject, in order. */
export const eventsOf = async (subject: string) =>
  (await rowsOf(`SELECT kind FROM outbox WHERE subject = '${subject}' ORDER BY id`)).map(({ kind }) => kind);

/** What a user is answered at these addresses, and of all devices by a search, byte by byte. */
export async function answersAt(server: Server, token: string, paths: readonly string[]): Promise<string[]> {
  const all: string[] = [];
  for (const path of paths) {
    const { status, text } = await server.call("GET", path, { token });
    all.push(`${path} ${status} ${text}`);
  }
  const found = await server.call("POST", "/api/management/v2/inventory/filters/search", {
    token,
    json: { page: 1, per_page: 100, filters: [] },
  });
  return [...all, `search ${found.status} ${found.text}`];
}
