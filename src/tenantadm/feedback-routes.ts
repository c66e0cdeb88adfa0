import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { forUsers, userRoute } from "../platform/route.ts";
import { describeIssues, faultResponses, mediaTypeOf, parseJsonBody } from "../platform/wire.ts";
import { ProductFeedback, FeatureFeedback } from "./schema.ts";
import { passOnFeedback } from "./support.ts";

const PATH = "/api/management/v2/useradm/support/feedback/{form_id}";

/** The forms of the web UI. */
const FORMS = { product: ProductFeedback, "feat.ai": FeatureFeedback } as const;

const route = userRoute("basic", {
  method: "post",
  path: PATH,
  tags: ["useradm"],
  summary: "Tell those who run the installation what one thinks of it",
  request: {
    params: z.object({ form_id: z.enum(["product", "feat.ai"]) }),
    body: {
      required: true,
      content: {
        "application/json": { schema: z.union([ProductFeedback, FeatureFeedback]) },
        "application/x-www-form-urlencoded": { schema: z.union([ProductFeedback, FeatureFeedback]) },
      },
    },
  },
  responses: {
    204: { description: "Passed on, if there is a support address" },
    ...faultResponses(400, 401, 404, 415),
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
  app.document(route);
  app.plain(forUsers("basic"), ["POST"], PATH.replace("{form_id}", ":form_id"), async (c) => {
    const name = c.req.param("form_id") ?? "";
    const form = Object.hasOwn(FORMS, name) ? FORMS[name as keyof typeof FORMS] : undefined; // asked for on the line itself
    if (!form) throw new Fault("not_found", "unknown form");
    const input = form.safeParse(await valuesOf(c));
    if (!input.success) throw new Fault("bad_request", describeIssues(input.error.issues));
    await passOnFeedback(c.var.deps, userOf(c), name, input.data);
    return c.body(null, 204);
  });
}
