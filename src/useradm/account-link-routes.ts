import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { publicRoute, STRANGERS_BODY, userRoute } from "../platform/route.ts";
import { atHome } from "./at-home.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import type { AccountSecret } from "./account-secret-store.ts";
import { askForLink } from "./ask-link.ts";
import {
  cancelEmailChange,
  completeEmailChange,
  pendingEmailChange,
  startEmailChange,
} from "./change-email.ts";
import { completeReset } from "./reset-password.ts";
import {
  Address,
  EmailUpdateRequest,
  LinkCompletion,
  PasswordResetCompletion,
  PendingEmailChange,
} from "./schema.ts";
import { completeVerification } from "./verify-email.ts";

const BASE = "/api/management/v1/useradm";
const tags = ["useradm"];

const POST = { method: "post", tags, middleware: jsonBody(), body: STRANGERS_BODY } as const;
const address = { body: { required: true, content: jsonContent(Address) } } as const;
const completion = { body: { required: true, content: jsonContent(LinkCompletion) } } as const;
const asked = {
  202: { description: "A mail is sent if the address is that of a user" },
  ...faultResponses(400, 415, 429),
};

const startVerification = publicRoute({
  ...POST,
  path: `${BASE}/auth/verify-email/start`,
  summary: "Have a link sent that proves an email address",
  request: address,
  responses: asked,
});

const completeVerificationRoute = publicRoute({
  ...POST,
  path: `${BASE}/auth/verify-email/complete`,
  summary: "Prove an email address by the secret of the link",
  request: completion,
  responses: { 204: { description: "Verified" }, ...faultResponses(400, 410, 415) },
});

const startReset = publicRoute({
  ...POST,
  path: `${BASE}/auth/password-reset/start`,
  summary: "Have a link sent to set a new password by",
  request: address,
  responses: asked,
});

const completeResetRoute = publicRoute({
  ...POST,
  path: `${BASE}/auth/password-reset/complete`,
  summary: "Set a new password by the secret of the link; ends all sessions and tokens of the user",
  request: { body: { required: true, content: jsonContent(PasswordResetCompletion) } },
  responses: { 202: { description: "Set" }, ...faultResponses(400, 415, 422) },
});

const startChange = userRoute("basic", {
  ...POST,
  path: `${BASE}/users/me/email-change/start`,
  summary: "Have a link sent to a new address, which becomes one's own once it is followed",
  request: { body: { required: true, content: jsonContent(EmailUpdateRequest) } },
  responses: {
    202: { description: "A mail is sent to the new address" },
    ...faultResponses(400, 401, 404, 409, 415, 422, 429),
  },
});

const pendingChange = userRoute("basic", {
  method: "get",
  tags,
  path: `${BASE}/users/me/email-change/pending`,
  summary: "Get the change of address that waits for its link to be followed",
  responses: {
    200: { description: "It is pending", content: jsonContent(PendingEmailChange) },
    204: { description: "There is none" },
    ...faultResponses(401),
  },
});

const cancelChange = userRoute("basic", {
  method: "post",
  tags,
  path: `${BASE}/users/me/email-change/cancel`,
  summary: "Give up a pending change of address",
  responses: { 204: { description: "There is none any more" }, ...faultResponses(401) },
});

const completeChange = publicRoute({
  ...POST,
  path: `${BASE}/users/me/email-change/complete`,
  summary: "Change one's address by the secret of the link; ends all sessions and tokens of the user",
  request: completion,
  responses: { 204: { description: "Changed and verified" }, ...faultResponses(400, 409, 415) },
});

export const toPending = (change: AccountSecret) => ({
  new_email: change.email,
  created_ts: rfc3339(change.createdMs),
  valid_until: rfc3339(change.expiresMs),
});

function mountPublicLinks(app: App): void {
  app.openapi(startVerification, async (c) => {
    const { deps } = c.var;
    await askForLink(deps, "verify", { ...c.req.valid("json"), network: await deps.network() });
    return c.body(null, 202);
  });

  app.openapi(completeVerificationRoute, async (c) => {
    await completeVerification(c.var.deps, c.req.valid("json").secret_hash);
    return c.body(null, 204);
  });

  app.openapi(startReset, async (c) => {
    const { deps } = c.var;
    await askForLink(deps, "reset", { ...c.req.valid("json"), network: await deps.network() });
    return c.body(null, 202);
  });

  app.openapi(completeResetRoute, async (c) => {
    const { secret_hash, password } = c.req.valid("json");
    await completeReset(c.var.deps, secret_hash, password);
    return c.body(null, 202);
  });

  app.openapi(completeChange, async (c) => {
    await completeEmailChange(c.var.deps, c.req.valid("json").secret_hash);
    return c.body(null, 204);
  });
}

/** Links that are sent by mail, and what following them does. */
export function mountAccountLinks(app: App): void {
  mountPublicLinks(app);

  app.openapi(startChange, async (c) => {
    const { email, current_password } = c.req.valid("json");
    await startEmailChange(c.var.deps, atHome(userOf(c)), { email, currentPassword: current_password });
    return c.body(null, 202);
  });

  app.openapi(pendingChange, async (c) => {
    const change = await pendingEmailChange(c.var.deps, atHome(userOf(c)));
    return change ? c.json(toPending(change), 200) : c.body(null, 204);
  });

  app.openapi(cancelChange, async (c) => {
    await cancelEmailChange(c.var.deps, atHome(userOf(c)));
    return c.body(null, 204);
  });
}
