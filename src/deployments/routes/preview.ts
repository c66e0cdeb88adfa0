import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { previewDeployment } from "../preview/preview.ts";
import { Preview, PreviewRequest } from "../preview/schema.ts";
import { wantedOf } from "../wanted-of.ts";

const BODY = "Validating request body: ";

const preview = userRoute(within("deployments:manage"), {
  method: "post",
  path: "/api/management/v2/deployments/deployments/preview",
  feature: "deployments_v2",
  summary: "Tell what a deployment would do, without creating it",
  tags: ["rollouts"],
  middleware: jsonBody(BODY),
  request: { body: { required: true, content: jsonContent(PreviewRequest) } },
  responses: {
    200: { description: "What it would do", content: jsonContent(Preview) },
    ...faultResponses(400, 401, 403, 422),
  },
});

export function mountPreview(app: App): void {
  app.openapi(
    preview,
    async (c) => c.json(await previewDeployment(c.var.deps, userOf(c), wantedOf(c.req.valid("json"))), 200),
    refuseInvalid(BODY),
  );
}
