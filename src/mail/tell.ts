import type { Deps } from "../platform/deps.ts";
import { MailRefused, type Mail } from "../platform/mail.ts";

/**
 * Sends a mail that nobody waits for. Where none are sent, or this one never will be, the log says so; whatever else fails
 * is for the event to be handled again.
 */
export async function tellByMail({ mailer, log }: Deps, mail: Mail, about: string): Promise<void> {
  if (!mailer) return log.error("mail not sent: nothing here sends mails", { about });
  try {
    await mailer.send(mail);
  } catch (cause) {
    if (!(cause instanceof MailRefused)) throw cause;
    log.error("mail not sent: it is refused for good", { about, cause });
  }
}
