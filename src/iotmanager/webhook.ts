import { createHmac } from "node:crypto";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { sendOutgoing } from "../platform/send-outgoing.ts";
import { noAnswer, REQUEST_MS, unexpectedStatus, type Attempt } from "../events/index.ts";
import type { CredentialsOf } from "./credentials.ts";
import type { ToldEvent } from "./told-event.ts";

/** The key is what the hexadecimal digits stand for; an empty one signs, too (protocol notes, iot-manager 5). */
export const signatureOf = (secret: string, body: string): string =>
  createHmac("sha256", Buffer.from(secret, "hex")).update(body).digest("hex");

/** The same bytes however often it is sent. */
export const bodyOf = ({ event_id: id, type, data, time_ms }: ToldEvent): string =>
  JSON.stringify({ id, type, data, time: rfc3339(time_ms) });

/** Tells a receiver of an event, signed where it has a secret. */
export async function callWebhook(
  deps: Deps,
  { http: { url, secret } }: CredentialsOf<"http">,
  event: ToldEvent,
): Promise<Attempt> {
  const body = bodyOf(event);
  const headers = new Headers({ "Content-Type": "application/json" });
  if (secret !== undefined) {
    headers.set("X-Men-Algorithm", "MEN-HMAC-SHA256-Payload");
    headers.set("X-Men-Signature", signatureOf(secret, body));
  }
  try {
    const { status, text } = await sendOutgoing(
      deps,
      { uri: url, method: "POST", headers, body },
      { timeoutMs: REQUEST_MS },
    );
    return {
      ...(status < 300 ? { success: true, statusCode: status } : unexpectedStatus(status)),
      answer: text,
    };
  } catch (cause) {
    deps.log.info("webhook not told", { delivery: event.event_id, cause: String(cause) });
    return noAnswer(cause);
  }
}
