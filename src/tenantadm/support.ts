import { z } from "zod";
import type { UserActor } from "../platform/actor.ts";
import { addAudit } from "../platform/audit.ts";
import type { EventHandler } from "../platform/background.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { addEvent } from "../platform/outbox.ts";
import { tellByMail } from "../mail/index.ts";
import type { Tenant } from "../tenants/index.ts";
import { SUPPORT_MAIL } from "./events.ts";
import { auditObject, ownOrChild, requireActive, tenantOf } from "./life.ts";

const senderOf = ({ settings, origin }: Deps): string =>
  settings.MAIL_FROM ?? `no-reply@${new URL(settings.PUBLIC_ORIGIN ?? origin).hostname}`;

/** Has a mail sent to those who run the installation; 422 where nobody has said who that is. */
function mailToSupport(
  deps: Deps,
  actor: UserActor,
  tenant: Tenant,
  mail: { subject: string; body: string },
): Statement<number> {
  const to = deps.settings.SUPPORT_EMAIL;
  if (to === undefined) throw new Fault("unprocessable", "no support address is configured");
  const text = [
    `Organization ID: ${tenant.id}`,
    `Organization name: ${tenant.name}`,
    `Plan name: ${tenant.plan}`,
    `User ID: ${actor.user}`,
    `User Email: ${actor.email}`,
    "",
    mail.body,
  ].join("\n");
  const data = { to, from: senderOf(deps), subject: mail.subject, text };
  return addEvent({ kind: SUPPORT_MAIL, tenant: tenant.id, subject: tenant.id, data }, deps.now());
}

export async function askSupport(
  deps: Deps,
  actor: UserActor,
  mail: { subject: string; body: string },
): Promise<void> {
  const tenant = await tenantOf(deps, actor.tenant);
  await deps.directory.one(mailToSupport(deps, actor, tenant, mail));
}

/** What users think of the product goes to whoever has said that they want to know. */
export async function passOnFeedback(
  deps: Deps,
  actor: UserActor,
  form: string,
  told: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (deps.settings.SUPPORT_EMAIL === undefined) return;
  const body = Object.entries(told).map(([name, value]) => `${name}: ${String(value)}`);
  await askSupport(deps, actor, { subject: `Feedback: ${form}`, body: body.join("\n") });
}

/** A change of plan is for staff to make; the request is recorded and sent to them. */
export async function askForPlan(
  deps: Deps,
  actor: UserActor,
  id: TenantId,
  request: Record<string, string | undefined>,
): Promise<void> {
  const tenant = await ownOrChild(deps, actor, id);
  requireActive(tenant);
  const lines = Object.entries(request).map(([name, value]) => `${name}: ${value ?? ""}`);
  const change = ["Requested a change of plan:", ...lines].join("\n");
  const mails =
    deps.settings.SUPPORT_EMAIL === undefined
      ? []
      : [mailToSupport(deps, actor, tenant, { subject: "Change of plan", body: lines.join("\n") })];
  await deps.directory.batch([
    addAudit(actor, { action: "update", object: auditObject(tenant), change }, deps.now()),
    ...mails,
  ]);
}

const SupportMail = z.object({ to: z.string(), from: z.string(), subject: z.string(), text: z.string() });

export const sendSupportMail: EventHandler = async (deps, { data }) => {
  const { to, ...mail } = SupportMail.parse(data);
  await tellByMail(deps, { ...mail, to: [to] }, "support");
};
