import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { OperatorClient } from "./operator-client.ts";

const ASK_EVERY_MS = 500;

const MoveAnswer = z.object({
  state: z.string(),
  step: z.string(),
  source: z.string(),
  target: z.string(),
  paused_at: z.string().optional(),
  resumed_at: z.string().optional(),
  error: z.string().optional(),
  progress: z.object({ rows: z.number(), tables_done: z.number(), tables: z.number() }),
});

const tell = (text: string) => process.stderr.write(`${text}\n`);

/** Has a tenant brought to another database. How far it is is told on stderr meanwhile. */
export async function moveTenant(
  operator: OperatorClient,
  { tenant = "", to, jurisdiction }: Record<string, string | undefined>,
): Promise<unknown> {
  const path = `/tenants/${encodeURIComponent(tenant)}/move`;
  let answer = MoveAnswer.parse(await operator.call("POST", path, { database: to, jurisdiction }));
  for (let told = ""; answer.state === "running";) {
    const { rows, tables_done: done, tables } = answer.progress;
    const line = `${answer.step}: ${done} of ${tables} tables, ${rows} rows`;
    if (line !== told) tell(line);
    told = line;
    await wait(ASK_EVERY_MS);
    answer = MoveAnswer.parse(await operator.call("GET", path));
  }
  if (answer.state !== "done") throw new Error(answer.error ?? `the move is ${answer.state}`);
  const { source, target, paused_at, resumed_at } = answer;
  return { id: tenant, source, target, rows: answer.progress.rows, paused_at, resumed_at };
}
