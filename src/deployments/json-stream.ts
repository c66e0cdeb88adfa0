import type { Context, TypedResponse } from "hono";
import type { JSONParsed } from "hono/utils/types";
import { userOf } from "../platform/app.ts";
import type { AppEnv } from "../platform/app-env.ts";
import { sendWhileRead } from "../platform/sent-while-read.ts";

/** A JSON array that is sent while its elements are found, however many there are. */
export async function answerStream<T>(
  c: Context<AppEnv>,
  items: AsyncGenerator<T>,
): Promise<TypedResponse<JSONParsed<T[]>, 200, "json">> {
  const type = { "Content-Type": "application/json; charset=utf-8" };
  const body = await sendWhileRead(c.var.deps, userOf(c).tenant, () => jsonArrayStream(items));
  const response: unknown = c.body(body, 200, type);
  return response as TypedResponse<JSONParsed<T[]>, 200, "json">; // the framework has no type for JSON that is streamed
}

function jsonArrayStream(items: AsyncGenerator<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const parts = arrayParts(items);
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

const FLUSH = 64 * 1024;

async function* arrayParts(items: AsyncGenerator<unknown>): AsyncGenerator<string, undefined> {
  let part = "[";
  let first = true;
  for await (const item of items) {
    part += (first ? "" : ",") + JSON.stringify(item);
    first = false;
    if (part.length >= FLUSH) {
      yield part;
      part = "";
    }
  }
  yield `${part}]`;
  return undefined;
}
