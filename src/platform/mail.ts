/** A mail as its writer knows it. */
export interface Mail {
  from: string;
  to: string[];
  cc?: string[] | undefined;
  bcc?: string[] | undefined;
  subject: string;
  text: string;
  html?: string | undefined;
}

/** A mail that is not taken however often it is sent. Whom that is about and why is in the text, for the log. */
export class MailRefused extends Error {
  override readonly name = "MailRefused";
}

/** Hands mails to what carries them; rejects if it does not take one, with `MailRefused` if it never will. */
export interface Mailer {
  send: (mail: Mail) => Promise<void>;
}

// Everything that ends a line for some program, and what no line holds.
// oxlint-disable-next-line no-control-regex -- these are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** A text that stays within its line whatever it holds. */
export const oneLine = (text: string): string => text.replace(CONTROL, " ").trim();
