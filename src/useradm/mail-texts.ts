import { oneLine, type Mail } from "../platform/mail.ts";
import type { AccountSecret } from "./account-secret-store.ts";
import type { SecretPurpose } from "./tables.ts";

/** What a user is told of afterwards, without being asked. */
export const NOTICES = [
  "password_changed",
  "email_changed",
  "second_factor_on",
  "second_factor_off",
  "recovery_codes_made",
  "passkey_added",
  "passkey_removed",
  "token_made",
] as const;
export type Notice = (typeof NOTICES)[number];

export interface Sender {
  /** What links begin with. */
  origin: string;
  /** Default: no-reply at the host of the links. */
  from: string | undefined;
}

/** A host as it stands in an address of mail. */
const domainOf = (host: string) => {
  if (host.startsWith("[")) return `[IPv6:${host.slice(1, -1)}]`;
  return /^[\d.]+$/.test(host) ? `[${host}]` : host;
};

/** Whom a mail comes from. */
export const senderOf = ({ origin, from }: Sender): string =>
  from ?? `no-reply@${domainOf(new URL(origin).hostname)}`;

const mail = (sender: Sender, to: string, subject: string, lines: readonly string[]): Mail => ({
  from: senderOf(sender),
  to: [to],
  subject,
  text: `${lines.join("\n\n")}\n`,
});

const life = (ms: number): string => {
  const hours = Math.round(ms / 3_600_000);
  const [count, unit] = hours >= 48 ? [Math.round(hours / 24), "day"] : [hours, "hour"];
  return count === 1 ? `one ${unit}` : `${count} ${unit}s`;
};

interface LinkText {
  /** Of the page in the web UI. */
  page: string;
  subject: string;
  before: (secret: AccountSecret) => string;
  after: string;
}

const LINKS: Readonly<Record<Exclude<SecretPurpose, "magic">, LinkText>> = {
  verify: {
    page: "activate",
    subject: "Verify your email address",
    before: ({ email }) => `Follow this link to confirm that ${email} is your address:`,
    after: "If you did not ask for this mail, ignore it.",
  },
  reset: {
    page: "password",
    subject: "Reset your password",
    before: ({ email }) =>
      `Somebody, probably you, wants a new password for ${email}. Follow this link to set one:`,
    after: "If you did not ask for it, ignore this mail: the password stays as it is.",
  },
  invite: {
    page: "password",
    subject: "You are invited",
    before: ({ email }) => `An account was made for ${email}. Follow this link to set its password:`,
    after: "If you do not know what this is about, ignore this mail.",
  },
  email: {
    page: "email-change",
    subject: "Confirm your new email address",
    before: ({ email }) => `Follow this link to make ${email} the address of your account:`,
    after: "If you did not ask for this change, ignore this mail: nothing is changed.",
  },
};

export function linkMail(secret: AccountSecret, opener: string, sender: Sender): Mail {
  if (secret.purpose === "magic") throw new Error("an id that logs in is never sent by mail");
  const { page, subject, before, after } = LINKS[secret.purpose];
  return mail(sender, secret.email, subject, [
    before(secret),
    `${sender.origin}/ui/${page}/${opener}`,
    `It works once, for ${life(secret.expiresMs - secret.createdMs)}. ${after}`,
  ]);
}

const NOT_YOU =
  "If that was not you, set a new password at once and tell the administrator of your organization.";

const NOTICE_TEXTS: Readonly<
  Record<Notice, { subject: string; text: (email: string, detail: string) => string }>
> = {
  password_changed: {
    subject: "Your password has changed",
    text: (email) => `The password of ${email} was changed. All sessions and tokens from before have ended.`,
  },
  email_changed: {
    subject: "Your email address has changed",
    text: (email, detail) => `The address of the account ${email} is now ${detail}.`,
  },
  second_factor_on: {
    subject: "Two-factor authentication is on",
    text: (email) => `Logging in as ${email} now takes a code from the authenticator that was set up.`,
  },
  second_factor_off: {
    subject: "Two-factor authentication is off",
    text: (email) => `Logging in as ${email} takes the password alone now.`,
  },
  recovery_codes_made: {
    subject: "New recovery codes",
    text: (email) => `New recovery codes were made for ${email}. Those from before are void.`,
  },
  passkey_added: {
    subject: "New passkey",
    text: (email, detail) =>
      `A passkey named "${detail}" was added to ${email}. It signs in without the password.`,
  },
  passkey_removed: {
    subject: "Passkey removed",
    text: (email, detail) => `The passkey named "${detail}" of ${email} was removed.`,
  },
  token_made: {
    subject: "New personal access token",
    text: (email, detail) => `A personal access token named "${detail}" was made for ${email}.`,
  },
};

/** Of the words of a user within a text of ours. */
const MAX_DETAIL = 100;

export function noticeMail(
  notice: Notice,
  about: { email: string; detail?: string | undefined; atMs: number },
  sender: Sender,
): Mail {
  const { subject, text } = NOTICE_TEXTS[notice];
  return mail(sender, about.email, subject, [
    text(about.email, oneLine(about.detail ?? "").slice(0, MAX_DETAIL)),
    `Time: ${new Date(about.atMs).toUTCString()}. Server: ${sender.origin}`,
    NOT_YOU,
  ]);
}
