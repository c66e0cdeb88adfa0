import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { OperatorClient } from "./operator-client.ts";

const ASK_EVERY_MS = 1000;

const ExportAnswer = z.object({
  id: z.string(),
  state: z.string(),
  size: z.number(),
  error: z.string().optional(),
  progress: z.object({ section: z.string().optional(), lines: z.number() }),
});

const LinkAnswer = z.object({ uri: z.string() });

const tell = (text: string) => process.stderr.write(`${text}\n`);

/** Has a tenant copied and writes the archive to a file, in constant memory. What it comes to is told on stderr meanwhile. */
export async function exportTenant(
  operator: OperatorClient,
  { tenant = "", out = "", objects }: Record<string, string | undefined>,
): Promise<unknown> {
  const path = `/tenants/${encodeURIComponent(tenant)}/exports`;
  let answer = ExportAnswer.parse(await operator.call("POST", path, { objects }));
  for (let told = ""; answer.state === "running";) {
    const { section = "", lines } = answer.progress;
    if (section !== told) tell(`${section} (${lines} lines so far)`);
    told = section;
    await wait(ASK_EVERY_MS);
    answer = ExportAnswer.parse(await operator.call("GET", `${path}/${answer.id}`));
  }
  if (answer.state !== "done") throw new Error(answer.error ?? `the export is ${answer.state}`);
  const { uri } = LinkAnswer.parse(await operator.call("GET", `${path}/${answer.id}/download`));
  const response = await fetch(uri);
  if (!response.ok || !response.body) throw new Error(`the archive is answered ${response.status}`);
  await pipeline(response.body, createWriteStream(out, { mode: 0o600 }));
  return { id: tenant, export: answer.id, file: out, bytes: answer.size };
}
