import type { UserActor } from "../platform/actor.ts";
import { addAudit } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { MailRefused } from "../platform/mail.ts";
import { takeMailTurn } from "../useradm/index.ts";
import { testMail } from "./mail-text.ts";
import { mailFrom } from "./mails.ts";

interface Tested {
  success: boolean;
  error?: string;
}

async function send(deps: Deps, email: string): Promise<Tested> {
  const from = mailFrom(deps);
  if (!deps.mailer || from === undefined) return { success: false, error: "nothing here sends mails" };
  try {
    await deps.mailer.send({ from, to: [email], ...testMail(email) });
    return { success: true };
  } catch (cause) {
    deps.log.info("test mail not sent", { cause: String(cause) });
    const isRefused = cause instanceof MailRefused;
    return { success: false, error: isRefused ? "the mail is refused" : "the mail server does not take it" };
  }
}

/** Sends the caller a mail as alerts are told of, though nothing is wrong, and tells at once what came of it. */
export async function testOwnChannel(deps: Deps, actor: UserActor): Promise<Tested> {
  const { tenant, email } = actor;
  await takeMailTurn(deps, "alert test", { email, network: await deps.network() });
  const entry = {
    action: "test",
    object: { type: "devicemonitor", id: tenant },
    change: "a mail about alerts to oneself",
  };
  await deps.db(tenant).one(addAudit(actor, entry, deps.now()));
  return send(deps, email);
}
