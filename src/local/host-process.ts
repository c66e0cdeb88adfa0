import { availableParallelism } from "node:os";
import { Response, type Request } from "miniflare";
import type { Mail } from "../platform/mail.ts";
import { deriveHere, type ScryptInput } from "../platform/scrypt.ts";

/** Leaves a core to the Worker where there is more than one. */
const AT_ONCE = Math.max(1, Math.min(4, availableParallelism() - 1));

let running = 0;
const waiting: (() => void)[] = [];

async function derive(input: ScryptInput): Promise<Buffer> {
  if (running >= AT_ONCE) await new Promise<void>((start) => waiting.push(start));
  else running += 1;
  try {
    return await deriveHere(input);
  } finally {
    // The place is handed on, so that nobody overtakes.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

export interface Host {
  peerAt: (port: number) => string | undefined;
  keepMail: (mail: Mail) => void;
}

/** What the Worker asks the process around it: who is behind a connection, and what it cannot do itself. */
export const answerWorker =
  ({ peerAt, keepMail }: Host) =>
  async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/scrypt") return new Response(await derive((await request.json()) as ScryptInput)); // sent by the Worker
    if (pathname === "/mail") {
      keepMail((await request.json()) as Mail); // sent by the Worker
      return new Response();
    }
    const peer = /^\/peers\/\d+$/.test(pathname)
      ? peerAt(Number(pathname.slice("/peers/".length)))
      : undefined;
    return peer === undefined ? new Response(null, { status: 404 }) : new Response(peer);
  };
