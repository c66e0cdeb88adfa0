import type { Mail } from "../../src/platform/mail.ts";
import type { Server } from "./server.ts";

/** Catches what a server sends by mail. */
export class Mailbox {
  mails: Mail[] = [];
  /** Makes sending fail while it is set. */
  isAway = false;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    const send = async (mail: Mail) => {
      if (this.isAway) throw new Error("the mail server is away");
      this.mails.push(mail);
    };
    server.env.EMAIL = { send } as unknown as SendEmail;
  }

  /** The mails of everything that has happened so far; they are gone afterwards. */
  async open(): Promise<Mail[]> {
    await this.#server.deliverEvents();
    return this.mails.splice(0);
  }

  /** The secret in the only mail there is, which is to lead to this page. */
  async link(page: "activate" | "password" | "email-change"): Promise<string> {
    const mails = await this.open();
    if (mails.length !== 1) throw new Error(`${mails.length} mails instead of one`);
    return linkIn(mails[0]!, page);
  }
}

export function linkIn(mail: Mail, page: string): string {
  const [, secret] =
    new RegExp(`^https://edgemend\\.test/ui/${page}/([a-z0-9-]+)$`, "m").exec(mail.text) ?? [];
  if (secret === undefined) throw new Error(`no link to ${page} in ${mail.text}`);
  return secret;
}
