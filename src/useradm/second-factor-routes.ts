import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { forbidden } from "../platform/permissions.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { atHome } from "./at-home.ts";
import { actingOn, ownOr } from "./own-or-others.ts";
import { FactorCode, RecoveryCodes, RecoveryCodesLeft } from "./sign-in-schema.ts";
import {
  factorPicture,
  makeRecoveryCodes,
  recoveryCodesLeft,
  setUpFactor,
  turnOffFactor,
  turnOnFactor,
} from "./second-factor.ts";

const BASE = "/api/management/v1/useradm";
const tags = ["useradm"];
const params = z.object({ id: z.string().openapi({ description: "User id or `me`" }) });

/** Not 403: clients of the original expect it so. */
const notTheirs = () => new Fault("unauthorized", "unauthorized");

const toggle = { method: "post", tags, request: { params } } as const;

const enable = userRoute(
  ownOr("users:manage"),
  {
    ...toggle,
    path: `${BASE}/users/{id}/2fa/enable`,
    summary: "Begin to set up a second factor; the address has to be verified",
    responses: { 200: { description: "It waits for its first code" }, ...faultResponses(400, 401, 403, 404) },
  },
  notTheirs,
);

const disable = userRoute(
  ownOr("users:manage"),
  {
    ...toggle,
    path: `${BASE}/users/{id}/2fa/disable`,
    summary: "Turn a second factor off",
    responses: { 200: { description: "It is off" }, ...faultResponses(400, 401, 404) },
  },
  notTheirs,
);

const picture = userRoute("basic", {
  method: "get",
  path: `${BASE}/2faqr`,
  tags,
  summary: "Get the picture for the authenticator while a second factor is set up",
  responses: {
    200: { description: "PNG in base64", content: jsonContent(z.object({ qr: z.string() })) },
    ...faultResponses(400, 401, 404),
  },
});

const verify = userRoute("basic", {
  method: "put",
  path: `${BASE}/2faverify`,
  tags,
  summary: "Turn the second factor on by its first code",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(FactorCode) } },
  responses: { 202: { description: "It is on" }, ...faultResponses(400, 401, 404, 415, 429) },
});

const makeCodes = userRoute("basic", {
  method: "post",
  path: `${BASE}/users/me/2fa/recovery-codes`,
  tags: ["useradm extensions"],
  summary: "Make ten recovery codes, each good for one login in place of a code; voids those from before",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(FactorCode) } },
  responses: {
    201: { description: "The codes, shown this once", content: jsonContent(RecoveryCodes) },
    ...faultResponses(400, 401, 404, 415, 429),
  },
});

const countCodes = userRoute("basic", {
  method: "get",
  path: `${BASE}/users/me/2fa/recovery-codes`,
  tags: ["useradm extensions"],
  summary: "Count the recovery codes that are left",
  responses: {
    200: { description: "How many", content: jsonContent(RecoveryCodesLeft) },
    ...faultResponses(401),
  },
});

export function mountSecondFactor(app: App): void {
  app.openapi(makeCodes, async (c) => {
    const codes = await makeRecoveryCodes(c.var.deps, atHome(userOf(c)), c.req.valid("json").token2fa);
    return c.json({ codes }, 201, { "Cache-Control": "no-store" });
  });

  app.openapi(countCodes, async (c) =>
    c.json({ left: await recoveryCodesLeft(c.var.deps, atHome(userOf(c))) }, 200),
  );

  app.openapi(enable, async (c) => {
    const { actor, target } = actingOn(userOf(c), c.req.valid("param").id);
    await setUpFactor(c.var.deps, actor, target);
    return c.body(null, 200);
  });

  app.openapi(disable, async (c) => {
    const { actor, target } = actingOn(userOf(c), c.req.valid("param").id);
    await turnOffFactor(c.var.deps, actor, target);
    return c.body(null, 200);
  });

  app.openapi(picture, async (c) => {
    // It shows the secret.
    if (userOf(c).isLimited) throw forbidden();
    return c.json({ qr: await factorPicture(c.var.deps, atHome(userOf(c))) }, 200, {
      "Cache-Control": "no-store",
    });
  });

  app.openapi(verify, async (c) => {
    await turnOnFactor(c.var.deps, atHome(userOf(c)), c.req.valid("json").token2fa);
    return c.body(null, 202);
  });
}
