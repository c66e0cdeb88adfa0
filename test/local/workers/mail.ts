import { mailerOf } from "../../../src/mail/index.ts";
import { settingsOf, type Env } from "../../../src/platform/env.ts";
import type { Mail } from "../../../src/platform/mail.ts";

/** Sends the mail of a request and answers how that ended. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { SMTP_URL, mail, maxMs } = (await request.json()) as {
      SMTP_URL: string;
      mail: Mail;
      maxMs?: number;
    };
    const { SMTP_URL: server } = settingsOf({ SMTP_URL } as Env);
    const mailer = mailerOf(
      {},
      { server, now: () => 1_700_000_000_000, ...(maxMs !== undefined && { maxMs }) },
    );
    try {
      await mailer?.send(mail);
      return Response.json({ name: "sent" });
    } catch (cause) {
      const { name, message } = cause as Error;
      return Response.json({ name, message });
    }
  },
};
