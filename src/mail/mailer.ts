import type { MailServer } from "../platform/mail-server.ts";
import type { Mail, Mailer } from "../platform/mail.ts";
import { withCleanHeaders } from "./message.ts";
import { bySmtp } from "./smtp.ts";

/** The binding of the platform, which speaks to the mail servers itself. */
const byBinding = (binding: SendEmail): Mailer => ({
  async send({ from, to, cc, bcc, subject, text, html }) {
    await binding.send({
      from,
      to,
      ...(cc && cc.length > 0 && { cc }),
      ...(bcc && bcc.length > 0 && { bcc }),
      subject,
      text,
      ...(html !== undefined && { html }),
    });
  },
});

/** The process around a local server, which puts mails into a folder. */
const intoMailbox = (host: Fetcher): Mailer => ({
  async send(mail) {
    const answer = await host.fetch("http://host/mail", { method: "POST", body: JSON.stringify(mail) });
    if (!answer.ok) throw new Error(`the mailbox does not take a mail: ${answer.status}`);
  },
});

const cleaning = ({ send }: Mailer): Mailer => ({ send: (mail: Mail) => send(withCleanHeaders(mail)) });

interface Carriers {
  EMAIL?: SendEmail | undefined;
  HOST_PROCESS?: Fetcher | undefined;
}

/** What carries mails in this deployment; undefined where nothing does. A server that the operator names comes first. */
export function mailerOf(
  { EMAIL, HOST_PROCESS }: Carriers,
  smtp?: { server: MailServer | undefined; now: () => number },
): Mailer | undefined {
  if (smtp?.server) return cleaning(bySmtp(smtp.server, smtp));
  if (EMAIL) return cleaning(byBinding(EMAIL));
  return HOST_PROCESS && cleaning(intoMailbox(HOST_PROCESS));
}
