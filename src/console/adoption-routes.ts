import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { ADDED_UP, adoptionOfEach, LOOKED_AT, showAdoption } from "./adoption.ts";
import { BASE, tags } from "./parts.ts";

const MAX_NAMES = 100;
const MAX_NAME = 4096;

const Name = z.string().min(1).max(MAX_NAME);

const Deployed = z.object({
  deployments: z.int().openapi({ description: `That are added up: at most the newest ${ADDED_UP}` }),
  on_the_way: z.int(),
  success: z.int(),
  failure: z.int(),
  other: z.int().openapi({ description: "Ended without an update" }),
});

const Found = z
  .object({ devices: z.int(), more: z.boolean() })
  .openapi({ description: `Counted up to ${LOOKED_AT}; \`more\` where they are more` });

const Adoption = z
  .object({
    deployed: Deployed.optional(),
    days: z
      .array(z.object({ day: z.string(), success: z.int() }))
      .optional()
      .openapi({ description: "Devices updated on each day that had any, the oldest first" }),
    devices: z
      .object({
        accepted: z.int(),
        on_it: Found,
        fits: Found,
        not: z
          .array(z.object({ reason: z.enum(["type", "depends"]), devices: z.int() }))
          .openapi({ description: "Accepted devices that it does not fit, as far as they were counted" }),
      })
      .optional(),
  })
  .openapi("ReleaseAdoption");

const AdoptionOfEach = z
  .array(Deployed.extend({ name: z.string() }))
  .openapi("ReleaseAdoptions", { description: "Of releases that were deployed" });

const one = userRoute(within("artifacts:read"), {
  method: "get",
  path: `${BASE}/releases/{release_name}/adoption`,
  tags,
  summary: "How far a release has come among the devices",
  description: "What the roles do not allow is left out.",
  request: { params: z.object({ release_name: z.string() }) },
  responses: {
    200: { description: "Devices, and what deployments came to", content: jsonContent(Adoption) },
    ...faultResponses(401, 403, 404),
  },
});

const many = userRoute(within("artifacts:read"), {
  method: "get",
  path: `${BASE}/releases/adoption`,
  tags,
  summary: "What the deployments of some releases came to",
  request: {
    query: z.object({
      name: z
        .union([Name.transform((name) => [name]), z.array(Name).max(MAX_NAMES)])
        .optional()
        .openapi({ type: "array", items: { type: "string" } }),
    }),
  },
  responses: {
    200: { description: "Those that were deployed", content: jsonContent(AdoptionOfEach) },
    ...faultResponses(400, 401, 403),
  },
});

export function mountAdoption(app: App): void {
  app.openapi(one, async (c) =>
    c.json(await showAdoption(c.var.deps, userOf(c), c.req.valid("param").release_name), 200),
  );
  app.openapi(many, async (c) =>
    c.json(await adoptionOfEach(c.var.deps, userOf(c), c.req.valid("query").name ?? []), 200),
  );
}
