import type { Context } from "hono";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { forUsers, userRoute } from "../platform/route.ts";
import { describeIssues, faultResponses, mediaTypeOf, parseJsonBody } from "../platform/wire.ts";
import { ProductFeedback, FeatureFeedback } from "./schema.ts";
import { passOnFeedback } from "./support.ts";

const BASE = "/api/management/v2/useradm/support/feedback";

/** The forms of the web UI. */
const FORMS = { product: ProductFeedback, "feat.ai": FeatureFeedback } as const;

const routeOf = (name: keyof typeof FORMS) =>
  userRoute("basic", {
    method: "post",
    path: `${BASE}/${name}`,
    tags: ["useradm"],
    summary: "Tell those who run the installation what one thinks of it",
    request: {
      body: {
        required: true,
        content: {
          "application/json": { schema: FORMS[name] },
          "application/x-www-form-urlencoded": { schema: FORMS[name] },
        },
      },
    },
    responses: {
      204: { description: "Passed on, if there is a support address" },
      ...faultResponses(400, 401, 415),
    },
  });

async function valuesOf(c: Context<AppEnv>): Promise<unknown> {
  const type = mediaTypeOf(c);
  const text = await c.req.text();
  if (type === "application/x-www-form-urlencoded") return Object.fromEntries(new URLSearchParams(text));
  if (type === "application/json") return parseJsonBody(text);
  throw new Fault("unsupported_media", `unsupported media type ${type}`);
}

export function mountFeedback(app: App): void {
  for (const name of ["product", "feat.ai"] as const) {
    app.document(routeOf(name));
    app.plain(forUsers("basic"), ["POST"], `${BASE}/${name}`, async (c) => {
      const input = FORMS[name].safeParse(await valuesOf(c));
      if (!input.success) throw new Fault("bad_request", describeIssues(input.error.issues));
      await passOnFeedback(c.var.deps, userOf(c), name, input.data);
      return c.body(null, 204);
    });
  }
}
