import { z } from "zod";
import { groupOfStatement } from "../devices/index.ts";
import type { EventHandler } from "../platform/background.ts";
import { asDeviceId } from "../platform/ids.ts";
import { mailOrigin, senderOf, whoSees } from "../useradm/index.ts";
import { alertsPath } from "./alerts.ts";
import { alertMail } from "./mail-text.ts";
import type { AlertValue } from "./schema.ts";
import { alertsByIdStatement, mailEventsStatement, silencedStatement } from "./store.ts";

const Reason = z.enum(["alert", "flapping", "flood"]);
const Came = z.object({ mails: z.array(z.object({ alert: z.string(), reason: Reason })) });
const OneMail = z.object({
  alert: z.string(),
  reason: Reason,
  user: z.string(),
  email: z.string(),
  group: z.string().nullable(),
});

/** A mail for each alert and each user who may read of the device, has not silenced them, and can be reached. */
export const planAlertMails: EventHandler = async (deps, event) => {
  const { tenant } = event;
  const device = asDeviceId(event.subject);
  const { mails } = Came.parse(event.data);
  if (!deps.mailer) return;
  const [silenced, group] = await deps
    .db(tenant)
    .batch([silencedStatement(tenant), groupOfStatement(tenant, device)]);
  if (silenced.everybody) return;
  const readers = await whoSees(deps, tenant, { device, group, path: alertsPath(device) });
  const wanted = readers.filter(({ id }) => !silenced.users.has(id));
  const each = mails.flatMap(({ alert, reason }) =>
    wanted.map(({ id: user, email }) => ({ alert, reason, user, email, group })),
  );
  await deps.db(tenant).one(mailEventsStatement(tenant, device, each, deps.now()));
};

export const sendAlertMail: EventHandler = async (deps, event) => {
  const { tenant } = event;
  const device = asDeviceId(event.subject);
  const { alert: id, reason, email, group } = OneMail.parse(event.data);
  const [row] = await deps.db(tenant).one(alertsByIdStatement(tenant, device, [id]));
  if (!row || !deps.mailer) return;
  const alert = JSON.parse(row.alert) as AlertValue; // written by this domain
  const origin = mailOrigin(deps);
  const from =
    deps.settings.MAIL_FROM ?? (URL.canParse(origin) ? senderOf({ origin, from: undefined }) : undefined);
  if (from === undefined) {
    deps.log.error("mail not sent: neither MAIL_FROM nor PUBLIC_ORIGIN says whom it comes from", { device });
    return;
  }
  await deps.mailer.send({ from, to: [email], ...alertMail(device, group, alert, reason) });
};
