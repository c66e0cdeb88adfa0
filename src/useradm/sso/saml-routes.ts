import { z } from "@hono/zod-openapi";
import type { App } from "../../platform/app-env.ts";
import { publicRoute } from "../../platform/route.ts";
import { faultResponses, uuidText } from "../../platform/wire.ts";
import { formField, formWith } from "./form.ts";
import { beginSaml, decodeResponse, finishSaml, requestNamedIn } from "./saml.ts";
import { arrive, arriveUnread, depart, visited } from "./visit.ts";
import { SignInRefused } from "./refusal.ts";

const BASE = "/api/management/v1/useradm/auth/sso/{id}";
/** Base64 takes a third more. */
const MAX_FORM = 512 * 1024;
const tags = ["useradm"];

const start = publicRoute({
  method: "get",
  path: `${BASE}/login`,
  tags,
  summary: "Send a browser to sign in at a SAML provider",
  request: { params: z.object({ id: uuidText }) },
  responses: { 302: { description: "To the provider" }, ...faultResponses(400, 403, 404, 422, 429) },
});

const consume = publicRoute({
  method: "post",
  path: `${BASE}/acs`,
  tags,
  summary: "Take the response of a SAML provider",
  body: { maxBytes: MAX_FORM },
  request: {
    params: z.object({ id: uuidText }),
    body: formWith("SAMLResponse"),
  },
  responses: {
    302: { description: "To the web UI, with the token in the cookie `JWT`" },
    ...faultResponses(400, 403, 404, 413, 415, 422, 429),
  },
});

export function mountSaml(app: App): void {
  app.openapi(start, async (c) => {
    const visit = await visited(c, c.req.valid("param").id, "saml");
    return depart(c, visit, await beginSaml(c.var.deps, visit.provider));
  });

  app.openapi(consume, async (c) => {
    const visit = await visited(c, c.req.valid("param").id, "saml");
    const field = await formField(c, "SAMLResponse");
    let [xml, request] = ["", ""];
    try {
      xml = decodeResponse(field);
      request = requestNamedIn(xml);
    } catch (cause) {
      if (cause instanceof SignInRefused) return arriveUnread(c, visit, cause);
      throw cause;
    }
    return arrive(c, visit, {
      request,
      read: (pending) => finishSaml(c.var.deps, visit.provider, { xml, pending }),
    });
  });
}
