import { open, type FileHandle } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { OperatorClient } from "./operator-client.ts";

const ASK_EVERY_MS = 1000;
const PATH = "/tenants/imports";

const ImportAnswer = z.object({
  id: z.string(),
  state: z.string(),
  step: z.string(),
  tenant_id: z.string().optional(),
  part_size: z.number(),
  parts: z.number(),
  progress: z.object({
    section: z.string().optional(),
    lines: z.number(),
    rows: z.number(),
    files: z.number(),
  }),
  left_out: z.object({ users: z.number(), addresses: z.array(z.string()), memberships: z.number() }),
  error: z.string().optional(),
});

type Answer = z.output<typeof ImportAnswer>;

const tell = (text: string) => process.stderr.write(`${text}\n`);

async function bytesAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw new Error("the file breaks off");
    at += bytesRead;
  }
  return bytes;
}

/** Sends a file in parts, one in memory at a time. */
async function send(
  operator: OperatorClient,
  name: string,
  jurisdiction: string | undefined,
): Promise<Answer> {
  const file = await open(name);
  try {
    const { size } = await file.stat();
    let answer = ImportAnswer.parse(await operator.call("POST", PATH, { size, jurisdiction }));
    const { id, part_size: partSize, parts } = answer;
    for (let part = 1; part <= parts; part++) {
      const offset = (part - 1) * partSize;
      const bytes = await bytesAt(file, offset, Math.min(partSize, size - offset));
      try {
        answer = ImportAnswer.parse(await operator.put(`${PATH}/${id}/parts/${part}`, bytes));
      } catch (cause) {
        await operator.call("DELETE", `${PATH}/${id}`);
        throw cause;
      }
      tell(`sent ${part} of ${parts} parts`);
    }
    return answer;
  } finally {
    await file.close();
  }
}

const lineOf = ({ step, progress: { section = "", lines, rows, files } }: Answer): string =>
  `${step} ${section}: ${lines} lines checked, ${rows} rows and ${files} files written`;

/** Brings a tenant in from an archive. How far it is is told on stderr meanwhile. */
export async function importTenant(
  operator: OperatorClient,
  { file = "", jurisdiction }: Record<string, string | undefined>,
): Promise<unknown> {
  let answer = await send(operator, file, jurisdiction);
  for (let told = ""; answer.state === "running";) {
    const line = lineOf(answer);
    if (line !== told) tell(line);
    told = line;
    await wait(ASK_EVERY_MS);
    answer = ImportAnswer.parse(await operator.call("GET", `${PATH}/${answer.id}`));
  }
  if (answer.state !== "done") throw new Error(answer.error ?? `the import is ${answer.state}`);
  const { rows, files } = answer.progress;
  return { id: answer.tenant_id, import: answer.id, rows, files, left_out: answer.left_out };
}
