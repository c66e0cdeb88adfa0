import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent, mediaTypeOf } from "../platform/wire.ts";
import { invalidForm } from "./generate-form.ts";
import { generateArtifact, generationState } from "./generate.ts";
import { ArtifactId } from "./schema.ts";

const ARTIFACTS = "/api/management/v1/deployments/artifacts";
const PATH = `${ARTIFACTS}/generate`;
const tags = ["releases"];
const text = { type: "string" as const };

const generateRoute = userRoute("artifacts:upload", {
  method: "post",
  path: PATH,
  summary: "Generate an artifact from a file",
  tags,
  body: "stream",
  requestBody: {
    required: true,
    content: {
      "multipart/form-data": {
        schema: {
          type: "object" as const,
          required: ["name", "device_types_compatible", "type", "args", "file"],
          properties: {
            name: text,
            description: text,
            device_types_compatible: { ...text, description: "Separated by commas" },
            type: {
              ...text,
              description:
                "single_file; as an extension `script`, `directory` with a tar archive as the file, or `docker-compose` with a packed archive of images as the file",
            },
            args: {
              ...text,
              description:
                "JSON: filename, dest_dir, software_filesystem, software_name, software_version; for docker-compose project_name and manifest",
            },
            size: { type: "integer" as const, description: "Bytes of the file" },
            file: { ...text, format: "binary", description: "The last part" },
          },
        },
      },
    },
  },
  responses: {
    201: {
      description: "The artifact will be there under the id that ends the location",
      headers: z.object({ Location: z.string().openapi({ description: "Where the job tells its state" }) }),
    },
    ...faultResponses(400, 413, 415, 422),
  },
});

const State = z
  .object({
    id: z.string(),
    status: z.enum(["pending", "processing", "done", "failed"]),
    progress: z.number().openapi({ description: "Percent" }),
    error: z.string().optional(),
  })
  .openapi("ArtifactGeneration");

const stateRoute = userRoute("artifacts:read", {
  method: "get",
  path: `${PATH}/{id}`,
  summary: "What has become of an artifact that is being generated",
  tags,
  request: { params: z.object({ id: ArtifactId }) },
  responses: {
    200: { description: "It is there, or it failed and says why", content: jsonContent(State) },
    202: { description: "It is being made", content: jsonContent(State) },
    ...faultResponses(400, 404),
  },
});

const FORM_TYPES = new Set(["multipart/form-data", "multipart/mixed"]);

export function mountGenerate(app: App): void {
  app.openapi(generateRoute, async (c) => {
    if (!FORM_TYPES.has(mediaTypeOf(c))) {
      throw new Fault(
        "unsupported_media",
        "Bad Content-Type, expected 'multipart/form-data', 'multipart/mixed'",
      );
    }
    const stream = c.req.raw.body;
    if (!stream) throw invalidForm("missing 'file' section");
    const declared = c.req.header("content-length");
    const id = await generateArtifact(c.var.deps, userOf(c), {
      stream,
      contentType: c.req.header("content-type") ?? "",
      declaredBytes: declared === undefined ? undefined : Number(declared),
    });
    return new Response(null, { status: 201, headers: { Location: `${PATH}/${id}` } });
  });
  app.openapi(stateRoute, async (c) => {
    const state = await generationState(c.var.deps, userOf(c), c.req.valid("param").id);
    if (state.status === "pending" || state.status === "processing") return c.json(state, 202);
    if (state.status === "done") c.header("Content-Location", `${ARTIFACTS}/${state.id}`);
    return c.json(state, 200);
  });
}
