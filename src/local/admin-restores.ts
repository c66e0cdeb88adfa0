import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { OperatorClient } from "./operator-client.ts";

const ASK_EVERY_MS = 500;

const RestoreAnswer = z.looseObject({
  id: z.string(),
  state: z.string(),
  step: z.string(),
  error: z.string().optional(),
  progress: z.object({ images: z.number(), compared: z.number() }),
});

type Answer = z.output<typeof RestoreAnswer>;

const tell = (text: string) => process.stderr.write(`${text}\n`);
const pathOf = (tenant: string) => `/tenants/${encodeURIComponent(tenant)}/restores`;

/** Waits until a restore has ended or is ready, and tells on stderr how far it is. */
async function followed(operator: OperatorClient, tenant: string, begun: unknown): Promise<Answer> {
  let answer = RestoreAnswer.parse(begun);
  for (let told = ""; answer.state === "running";) {
    const { images, compared } = answer.progress;
    const line = `${answer.step}: ${images} records read, ${compared} compared`;
    if (line !== told) tell(line);
    told = line;
    await wait(ASK_EVERY_MS);
    answer = RestoreAnswer.parse(await operator.call("GET", `${pathOf(tenant)}/${answer.id}`));
  }
  if (answer.state !== "done" && answer.state !== "ready")
    throw new Error(answer.error ?? `the restore is ${answer.state}`);
  return answer;
}

/** Puts a tenant back to what it was at a time, or tells what would be put back. */
export async function restoreTenant(
  operator: OperatorClient,
  { tenant = "", to, "dry-run": dryRun }: Record<string, string | undefined>,
): Promise<unknown> {
  const begun = await operator.call("POST", pathOf(tenant), { to, dry_run: dryRun !== undefined });
  return followed(operator, tenant, begun);
}

/** Puts back what a dry run has told of. */
export async function applyRestore(
  operator: OperatorClient,
  { tenant = "", restore = "" }: Record<string, string | undefined>,
): Promise<unknown> {
  const path = `${pathOf(tenant)}/${encodeURIComponent(restore)}/apply`;
  return followed(operator, tenant, await operator.call("POST", path));
}
