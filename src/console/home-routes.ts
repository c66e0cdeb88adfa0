import { z } from "@hono/zod-openapi";
import { Outlook } from "../deployments/index.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { showHome } from "./home.ts";
import { KINDS } from "./home-line.ts";
import { Seen } from "./home-seen.ts";
import { BASE, tags } from "./parts.ts";

const Line = z.object({
  kind: z.enum(KINDS),
  count: z.int(),
  name: z.string().optional(),
  reason: z.string().optional(),
  since_ts: z.string().optional(),
  href: z.string().openapi({ description: "The page of the console on which it is dealt with" }),
});

const Home = z
  .object({
    lines: z.array(Line).openapi({ description: "At most eight, worst first" }),
    more: z.int().openapi({ description: "Lines beyond these" }),
    running: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        artifact_name: z.string(),
        devices: z.int(),
        success: z.int(),
        failure: z.int(),
        ...Outlook,
      }),
    ),
    seen: Seen.optional().openapi({
      description: "Absent to who does not see all devices, and while it is not known",
    }),
    first: z
      .object({
        connected: z.boolean(),
        accepted: z.boolean(),
        uploaded: z.boolean(),
        deployed: z.boolean(),
      })
      .optional()
      .openapi({
        description: "What of the first steps is done; absent once all are, and to who may not take them",
      }),
    devices: z.object({ accepted: z.int(), pending: z.int(), rejected: z.int() }),
    at_ts: z.string(),
  })
  .openapi("ConsoleHome");

const home = userRoute(within("basic"), {
  method: "get",
  path: `${BASE}/home`,
  tags,
  summary: "What needs the hand of who is signed in",
  description: "What the roles do not allow is left out.",
  responses: {
    200: { description: "The lines of the first page", content: jsonContent(Home) },
    ...faultResponses(401),
  },
});

export function mountHome(app: App): void {
  app.openapi(home, async (c) => c.json(await showHome(c.var.deps, userOf(c)), 200));
}
