import type { Deps } from "../platform/deps.ts";
import { MailRefused } from "../platform/mail.ts";
import type { MailTask } from "./definition.ts";
import { resultOf, type Outcome } from "./task-result.ts";
import { ExpansionTooLong, expandText, type Scope } from "./template.ts";

const addresses = (texts: readonly string[] | undefined, scope: Scope): string[] =>
  (texts ?? [])
    .flatMap((text) => expandText(text, scope).split(","))
    .map((address) => address.trim())
    .filter((address) => address !== "");

/** Sends a mail by what carries the mails of this deployment. */
export async function runMailTask(deps: Deps, task: MailTask, scope: Scope): Promise<Outcome> {
  const { smtp } = task;
  const text = (template: string) => expandText(template, scope);
  const [to, cc, bcc] = [smtp.to, smtp.cc, smtp.bcc].map((list) => addresses(list, scope));
  const from = text(smtp.from);
  const recipients = [...(to ?? []), ...(cc ?? []), ...(bcc ?? [])];
  const ended = (kind: "retry" | "refused", reason: string): Outcome => ({
    kind,
    reason,
    result: { ...resultOf(task, false), smtp: { sender: from, recipients, error: reason } },
  });
  if (!deps.mailer)
    return ended("refused", "this deployment has neither SMTP_URL nor an EMAIL binding to send mail by");
  if (!to || to.length === 0) return ended("refused", "the mail has no recipient");
  try {
    await deps.mailer.send({
      from,
      to,
      cc,
      bcc,
      subject: text(smtp.subject),
      text: text(smtp.body),
      html: smtp.html === undefined ? undefined : text(smtp.html),
    });
  } catch (cause) {
    if (cause instanceof ExpansionTooLong) throw cause;
    return ended(
      cause instanceof MailRefused ? "refused" : "retry",
      cause instanceof Error ? cause.message : "the mail was not sent",
    );
  }
  return {
    kind: "success",
    result: { ...resultOf(task, true), smtp: { sender: from, recipients, error: "" } },
  };
}
