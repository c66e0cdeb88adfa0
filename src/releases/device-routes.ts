import { z } from "@hono/zod-openapi";
import { deviceClaimOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { deviceRoute } from "../platform/route.ts";
import { faultResponses, jsonContent, refuseInvalid, requiredText } from "../platform/wire.ts";
import { ArtifactSchema } from "./artifact.ts";
import { artifactForDevice, artifactsForDevice, linkForDevice } from "./device-artifacts.ts";
import { ArtifactId } from "./schema.ts";

const base = "/api/devices/v1/deployments/artifacts";
const tags = ["releases"];
const params = z.object({ id: ArtifactId });
const name = requiredText(1, 4096);

const listRoute = deviceRoute({
  method: "get",
  path: base,
  tags,
  summary: "Artifacts of a release for a type of device, up to 100 of them",
  request: { query: z.object({ release_name: name, device_type: name }) },
  responses: {
    200: { description: "Artifacts", content: jsonContent(z.array(ArtifactSchema)) },
    ...faultResponses(400, 401),
  },
});

const artifactRoute = deviceRoute({
  method: "get",
  path: `${base}/{id}`,
  tags,
  summary: "An artifact, for a device",
  request: { params },
  responses: {
    200: { description: "The artifact", content: jsonContent(ArtifactSchema) },
    ...faultResponses(400, 401, 404),
  },
});

const linkRoute = deviceRoute({
  method: "get",
  path: `${base}/{id}/download`,
  tags,
  summary: "A link to the bytes of an artifact, for a device",
  request: { params },
  responses: {
    200: {
      description: "Works for a while and as long as the device is accepted",
      content: jsonContent(z.object({ uri: z.string(), expire: z.string(), method: z.literal("GET") })),
    },
    ...faultResponses(400, 401, 404),
  },
});

export function mountDeviceArtifacts(app: App): void {
  app.openapi(
    listRoute,
    async (c) => {
      const { release_name: release, device_type: type } = c.req.valid("query");
      return c.json(await artifactsForDevice(c.var.deps, deviceClaimOf(c), release, type), 200);
    },
    refuseInvalid(),
  );
  app.openapi(
    artifactRoute,
    async (c) => c.json(await artifactForDevice(c.var.deps, deviceClaimOf(c), c.req.valid("param").id), 200),
    refuseInvalid(),
  );
  app.openapi(
    linkRoute,
    async (c) => c.json(await linkForDevice(c.var.deps, deviceClaimOf(c), c.req.valid("param").id), 200),
    refuseInvalid(),
  );
}
