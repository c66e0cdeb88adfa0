import type { Context } from "hono";
import { Fault } from "../platform/fault.ts";

/** `{}` suffices, nothing does not (protocol notes, deviceconfig 3); the framework validates no body that is empty. */
export async function demandBody(c: Context): Promise<void> {
  if ((await c.req.text()) === "") throw new Fault("bad_request", "malformed request body: EOF");
}
