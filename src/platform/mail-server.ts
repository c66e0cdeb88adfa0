import { z } from "zod";

/** A mail server that takes mails from us. What is said to it is always encrypted. */
export interface MailServer {
  host: string;
  port: number;
  /** Encrypted from its first byte on, else by STARTTLS before anything is told. */
  isImplicit: boolean;
  /** Absent where it asks for no name. */
  login?: { user: string; pass: string };
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "smtps:": 465, "smtp:": 587 };

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function serverFrom(text: string): MailServer | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const port = DEFAULT_PORTS[url.protocol];
  const [user, pass] = [decoded(url.username), decoded(url.password)];
  const hasMore = !["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "";
  if (port === undefined || url.hostname === "" || hasMore || user === undefined || pass === undefined)
    return undefined;
  if ((user === "") !== (pass === "")) return undefined;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? port : Number(url.port),
    isImplicit: url.protocol === "smtps:",
    ...(user !== "" && { login: { user, pass } }),
  };
}

const NO_SERVER = "must be like smtps://user:password@mail.example.com:465 or smtp://… with STARTTLS";

export const SmtpUrl = z.string().transform((text, ctx): MailServer => {
  const server = serverFrom(text);
  if (server) return server;
  ctx.addIssue({ code: "custom", message: NO_SERVER });
  return z.NEVER;
});
