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

/** Hands mails to what carries them; rejects if it does not take one. */
export interface Mailer {
  send: (mail: Mail) => Promise<void>;
}
