import { z, type RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { PUBLIC } from "../platform/route.ts";
import { faultResponses, jsonContent, mediaTypeOf, wholeBody } from "../platform/wire.ts";
import { AuthRequestBody, readAuthRequest, type AuthRequest } from "./auth-request.ts";
import { authenticate } from "./authenticate.ts";
import { isSignedBy } from "./device-key.ts";
import { readBefore } from "./known-request.ts";

export const AUTH_PATH = "/api/devices/v1/authentication/auth_requests";

/** For the document only: the handler must read the signed bytes before anyone parses them. */
const documented: RouteConfig = {
  method: "post",
  path: AUTH_PATH,
  tags: ["deviceauth"],
  summary: "Ask for a device token",
  description:
    "The body is signed with the device's private key: RSA PKCS#1 v1.5 or ECDSA (DER) over SHA-256, or plain Ed25519.",
  security: [],
  request: {
    headers: z.object({
      "X-MEN-Signature": z.string().openapi({ description: "Base64 of the signature over the exact body" }),
    }),
    body: { required: true, content: jsonContent(AuthRequestBody) },
  },
  responses: {
    200: {
      description: "The token and nothing else",
      content: { "application/jwt": { schema: z.string() } },
    },
    ...faultResponses(400, 401, 413, 415),
  },
};

export function mountAuthRequests(app: App): void {
  app.document(documented);
  app.plain(PUBLIC, ["POST"], AUTH_PATH, async (c) => {
    const before = readBefore.get(c.req.raw);
    const token = await authenticate(c.var.deps, before ?? (await readSigned(c)), before !== undefined);
    return c.body(token, 200, { "Content-Type": "application/jwt" });
  });
}

/** What is asked for, if the device has signed it. */
async function readSigned(c: Context<AppEnv>): Promise<AuthRequest> {
  const body = new Uint8Array(await wholeBody(c.req.arrayBuffer()));
  if (body.byteLength > 0 && mediaTypeOf(c) !== "application/json") {
    throw new Fault("unsupported_media", "Bad Content-Type, expected 'application/json'");
  }
  const request = readAuthRequest(body);
  const signature = c.req.header("x-men-signature");
  if (!signature) throw new Fault("bad_request", "missing request signature header");
  if (!isSignedBy(request.key, body, signature)) {
    throw new Fault("unauthorized", "signature verification failed");
  }
  return request;
}
