import type { Mail, Mailer } from "../platform/mail.ts";
import { withCleanHeaders } from "./message.ts";

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

/** What carries mails in this deployment; undefined where nothing does. */
export function mailerOf(env: {
  EMAIL?: SendEmail | undefined;
  HOST_PROCESS?: Fetcher | undefined;
}): Mailer | undefined {
  if (env.EMAIL) return cleaning(byBinding(env.EMAIL));
  return env.HOST_PROCESS && cleaning(intoMailbox(env.HOST_PROCESS));
}
