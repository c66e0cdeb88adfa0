import { oneLine, type Mail } from "../platform/mail.ts";
import type { MailReason } from "./fold.ts";
import type { AlertValue } from "./schema.ts";

/** Of a text in a mail; the web UI has all of it. */
const MAX_SHOWN = 500;
const MAX_NAME = 120;

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text);

/** As `Thu, 01 Dec 2022 14:01:01 UTC`; a clock may be off by any amount, and is shown as it is. */
const shownTime = (timestamp: string): string => {
  const at = new Date(timestamp);
  return Number.isNaN(at.getTime()) ? timestamp : at.toUTCString().replace("GMT", "UTC");
};

const NOTES: Readonly<Record<MailReason, string | undefined>> = {
  alert: undefined,
  flapping: "It goes up and down: there will be no further mail about it until it rests.",
  flood:
    "This device raises more alerts than are kept: of further ones only the last of each check is shown.",
};

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** What a user is told of an alert (protocol notes, devicemonitor 6). */
export function alertMail(
  device: string,
  group: string | null,
  alert: AlertValue,
  reason: MailReason,
): Pick<Mail, "subject" | "text" | "html"> {
  const name = cut(alert.name, MAX_NAME);
  const where = group === null ? device : `${device} in group: ${cut(group, MAX_NAME)}`;
  const { details } = alert.subject;
  const facts: [string, string | undefined][] = [
    ["Device", device],
    ["Group", group ?? undefined],
    ["Alert", alert.name],
    ["Level", alert.level],
    ["Subject", `${alert.subject.name} (${alert.subject.type}): ${alert.subject.status}`],
    ["Details", details?.description],
    ["Log pattern", details?.log_pattern],
    ["Log file", details?.log_file_path],
    ["Matching line", details?.line_matching?.data],
    ["Time on device", shownTime(alert.timestamp)],
    ["Note", NOTES[reason]],
  ];
  const shown = facts.flatMap(([title, text]) =>
    text === undefined || text === "" ? [] : [[title, cut(text, MAX_SHOWN)] as const],
  );
  const rows = shown.map(([title, text]) => `<tr><th>${title}</th><td>${escaped(text)}</td></tr>`);
  return {
    subject: `${alert.level}: Monitor Alert for ${name} on ${where}`,
    text: `${shown.map(([title, text]) => `${title}: ${text}`).join("\n")}\n`,
    html: `<!doctype html><table>${rows.join("")}</table>`,
  };
}

/** What a user is told who asks whether mails arrive. */
export function testMail(email: string): Pick<Mail, "subject" | "text" | "html"> {
  const told = `Nothing is wrong. Mails about alerts reach ${email}.`;
  return {
    subject: "OK: Monitor Alert: a test",
    text: `${told}\n`,
    html: `<!doctype html><p>${escaped(told)}</p>`,
  };
}

/** What a user is told of alerts that the server itself has raised. */
export function serverMail(
  alerts: readonly { level: string; text: string; device?: string | undefined; group: string | null }[],
  more: number,
): Pick<Mail, "subject" | "text" | "html"> {
  const lines = alerts.map(({ level, text, device, group }) => {
    const where =
      device === undefined ? "" : ` (device ${device}${group === null ? "" : `, group ${group}`})`;
    return cut(oneLine(`${level}: ${text}${where}`), MAX_SHOWN);
  });
  const all = more > 0 ? [...lines, `and ${more} more`] : lines;
  const first = alerts[0];
  const title =
    alerts.length === 1 && more === 0 && first ? first.text : `${alerts.length + more} things are wrong`;
  return {
    subject: `${first?.level ?? "WARNING"}: Monitor Alert: ${cut(title, MAX_NAME)}`,
    text: `${all.join("\n")}\n`,
    html: `<!doctype html><ul>${all.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>`,
  };
}
