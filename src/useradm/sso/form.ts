import type { Context } from "hono";
import type { AppEnv } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { mediaTypeOf, wholeBody } from "../../platform/wire.ts";

const FORM = "application/x-www-form-urlencoded";

/** Such a form, as a route describes its body. */
export const formWith = (name: string) => ({
  required: true,
  content: {
    [FORM]: {
      schema: {
        type: "object" as const,
        required: [name],
        properties: { [name]: { type: "string" as const } },
      },
    },
  },
});

/** The one field of a form that a provider sends. */
export async function formField(c: Context<AppEnv>, name: string): Promise<string> {
  if (mediaTypeOf(c) !== FORM) throw new Fault("unsupported_media", `Bad Content-Type, expected '${FORM}'`);
  // Not `text()`, which warns about forms.
  const text = new TextDecoder().decode(await wholeBody(c.req.arrayBuffer()));
  const field = new URLSearchParams(text).get(name);
  if (!field) throw new Fault("bad_request", `${name}: cannot be blank.`);
  return field;
}
