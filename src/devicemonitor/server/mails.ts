import { z } from "zod";
import type { EventHandler } from "../../platform/background.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { readersOf } from "../../useradm/index.ts";
import { alertsPath } from "../alerts.ts";
import { SERVER_MAIL } from "../events.ts";
import { serverMail } from "../mail-text.ts";
import { sendMail } from "../mails.ts";
import { mailEventsStatement, silencedStatement } from "../store.ts";

const About = z.object({
  kind: z.string(),
  object: z.string(),
  level: z.string(),
  text: z.string(),
  group: z.string().nullable(),
  device: z.string().optional(),
});
const Came = z.object({ alerts: z.array(About), more: z.number() });
const OneMail = Came.extend({ email: z.string() });

/** Where users read of what is about no device. */
const LIST = "/api/management/v1/devicemonitor/alerts";

/** One mail for each user who may read of some of the alerts, has not silenced them, and can be reached. */
export const planServerMails: EventHandler = async (deps, event) => {
  const { tenant } = event;
  const { alerts, more } = Came.parse(event.data);
  if (!deps.mailer) return;
  const silenced = await deps.db(tenant).one(silencedStatement(tenant));
  if (silenced.everybody) return;
  const readers = await readersOf(deps, tenant);
  const mails = new Map<string, z.output<typeof OneMail>>();
  for (const alert of alerts) {
    const device = alert.device === undefined ? undefined : asDeviceId(alert.device);
    const path = device === undefined ? LIST : alertsPath(device);
    for (const { id, email } of readers({ device, group: alert.group, path })) {
      if (silenced.users.has(id)) continue;
      const mail = mails.get(id) ?? { email, alerts: [], more };
      mail.alerts.push(alert);
      mails.set(id, mail);
    }
  }
  const of = { kind: SERVER_MAIL, subject: tenant } as const;
  await deps.db(tenant).one(mailEventsStatement(tenant, of, [...mails.values()], deps.now()));
};

export const sendServerMail: EventHandler = async (deps, event) => {
  const { email, alerts, more } = OneMail.parse(event.data);
  await sendMail(deps, email, serverMail(alerts, more));
};
