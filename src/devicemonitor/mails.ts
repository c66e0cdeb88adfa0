import { z } from "zod";
import { groupOfStatement } from "../devices/index.ts";
import type { EventHandler } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId } from "../platform/ids.ts";
import type { Mail } from "../platform/mail.ts";
import { mailOrigin, senderOf, whoSees } from "../useradm/index.ts";
import { alertsPath } from "./alerts.ts";
import { ALERT_MAIL } from "./events.ts";
import { subjectOf } from "./fold.ts";
import { alertMail } from "./mail-text.ts";
import { isMuted } from "./rules.ts";
import type { AlertValue } from "./schema.ts";
import { mutesStatement, readRulesStatement } from "./server/rule-store.ts";
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
  const [silenced, group, mutes, rules, found] = await deps.db(tenant).batch([
    silencedStatement(tenant),
    groupOfStatement(tenant, device),
    mutesStatement(tenant, deps.now()),
    readRulesStatement(tenant),
    alertsByIdStatement(
      tenant,
      device,
      mails.map(({ alert }) => alert),
    ),
  ]);
  const rule = rules.of("device", group);
  if (silenced.everybody || !rule.enabled || !rule.mail) return;
  const subjects = new Map(found.map((row) => [row.alert_id, subjectOf(alertOf(row))]));
  const isQuiet = (alert: string) =>
    isMuted(mutes, { device, group, subject: subjects.get(alert) ?? "" }, deps.now());
  const readers = await whoSees(deps, tenant, { device, group, path: alertsPath(device) });
  const wanted = readers.filter(({ id }) => !silenced.users.has(id));
  const told = mails.filter(({ alert }) => !isQuiet(alert));
  const each = told.flatMap(({ alert, reason }) =>
    wanted.map(({ id: user, email }) => ({ alert, reason, user, email, group })),
  );
  await deps
    .db(tenant)
    .one(mailEventsStatement(tenant, { kind: ALERT_MAIL, subject: device }, each, deps.now()));
};

export const sendAlertMail: EventHandler = async (deps, event) => {
  const { tenant } = event;
  const device = asDeviceId(event.subject);
  const { alert: id, reason, email, group } = OneMail.parse(event.data);
  const [row] = await deps.db(tenant).one(alertsByIdStatement(tenant, device, [id]));
  if (!row || !deps.mailer) return;
  await sendMail(deps, email, alertMail(device, group, alertOf(row), reason));
};

const alertOf = (row: { alert: string }): AlertValue => JSON.parse(row.alert) as AlertValue; // written by this domain

/** Whom mails come from here; undefined where nothing says it. */
export function mailFrom(deps: Deps): string | undefined {
  const origin = mailOrigin(deps);
  return (
    deps.settings.MAIL_FROM ?? (URL.canParse(origin) ? senderOf({ origin, from: undefined }) : undefined)
  );
}

/** Sends a mail about alerts from whomever mails come from here. */
export async function sendMail(
  deps: Deps,
  to: string,
  mail: Pick<Mail, "subject" | "text" | "html">,
): Promise<void> {
  const from = mailFrom(deps);
  if (from === undefined)
    deps.log.error("mail not sent: neither MAIL_FROM nor PUBLIC_ORIGIN says whom it comes from");
  else await deps.mailer?.send({ from, to: [to], ...mail });
}
