import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import { newId } from "../platform/ids.ts";
import type { MailServer } from "../platform/mail-server.ts";
import { MailRefused, type Mail, type Mailer } from "../platform/mail.ts";
import { messageText } from "./message.ts";

/** Of one mail, from the first byte to the last, however slowly the server answers. */
const MAX_MS = 60_000;
/** Of silence. */
const MAX_SILENCE_MS = 20_000;
/** A server has to take as many (RFC 5321, 4.5.3.1.8). */
const MAX_RECIPIENTS = 100;
const MAX_RESPONSE_BYTES = 65_536;

export interface SmtpOptions {
  now: () => number;
  maxMs?: number;
}

/** No quoted local parts: nobody has them but who tries something. */
const ADDRESS = /[^\s<>()[\]\\,;:"@]{1,64}@[^\s<>()\\,;:"@]{1,255}/.source;
/** No name that looks like another address or a command. */
const NAME = /[^<>()\\,;:"@]*|"[^<>\\"@]*"\s*/.source;
const MAILBOX = new RegExp(`^(?:(${ADDRESS})|(?:${NAME})<(${ADDRESS})>)$`);

function addressOf(mailbox: string): string {
  const [, bare, named = bare] = MAILBOX.exec(mailbox) ?? [];
  if (named === undefined) throw new MailRefused(`no address of a mailbox: ${mailbox}`);
  return named;
}

function envelopeOf({ from, to, cc = [], bcc = [] }: Mail) {
  const recipients = [...new Set([...to, ...cc, ...bcc].map(addressOf))];
  if (recipients.length === 0) throw new MailRefused("the mail has no recipient");
  if (recipients.length > MAX_RECIPIENTS)
    throw new MailRefused(`the mail has more than ${MAX_RECIPIENTS} recipients`);
  return { from: addressOf(from), to: recipients };
}

/** What the library tells of a failure. */
interface SmtpFailure {
  message: string;
  recipient?: string | undefined;
  responseCode?: number | undefined;
  command?: string | undefined;
  rejectedErrors?: readonly SmtpFailure[] | undefined;
}

/** Steps of a mail itself; what fails before them is about the server and may be set right. */
const OF_THE_MAIL = /^(MAIL FROM|RCPT TO|DATA|CONN)$/;

const isForGood = ({ responseCode = 0, command = "" }: SmtpFailure) =>
  responseCode >= 500 && OF_THE_MAIL.test(command);

const reasonsOf = (failures: readonly SmtpFailure[]) =>
  failures.map(({ recipient, message }) => (recipient === undefined ? message : `${recipient}: ${message}`));

/** The failure as callers know it: for good only if that holds for everybody the mail was for. */
function faultOf(failure: SmtpFailure): Error {
  const parts = failure.rejectedErrors?.length ? failure.rejectedErrors : [failure];
  const text = reasonsOf(parts).join("; ");
  return parts.every(isForGood)
    ? new MailRefused(text)
    : new Error(`the mail server does not take it: ${text}`);
}

async function dial({ host, port, isImplicit }: MailServer, signal: AbortSignal): Promise<Socket> {
  const socket = isImplicit ? connectSecurely({ host, port, servername: host }) : connect({ host, port });
  signal.addEventListener("abort", () => socket.destroy());
  await once(socket, isImplicit ? "secureConnect" : "connect", { signal });
  return socket;
}

/** The steps of a session as promises; whatever ends the connection before the last one fails it. */
function sessionOf(connection: SMTPConnection, signal: AbortSignal) {
  const step = <T>(run: (done: (cause: SmtpFailure | null | undefined, value?: T) => void) => void) =>
    new Promise<T | undefined>((resolve, reject) => {
      connection.on("error", (cause) => reject(faultOf(cause)));
      connection.on("end", () => reject(new Error("the mail server hung up")));
      signal.addEventListener("abort", () => reject(new Error("the mail server takes too long")));
      run((cause, value) => (cause ? reject(faultOf(cause)) : resolve(value)));
    });
  return {
    greet: () => step<void>((done) => connection.connect((cause) => done(cause))),
    logIn: (login: { user: string; pass: string }) =>
      step<void>((done) => connection.login(login, (cause) => done(cause))),
    send: (envelope: { from: string; to: string[]; size: number }, message: string) =>
      step<{ rejectedErrors?: readonly SmtpFailure[] | undefined }>((done) =>
        connection.send(envelope, message, (cause, sent) => done(cause, sent)),
      ),
  };
}

/** A mail server named by the operator. Nothing is ever told to it in plain text. */
export const bySmtp = (server: MailServer, { now, maxMs = MAX_MS }: SmtpOptions): Mailer => ({
  async send(mail) {
    const envelope = envelopeOf(mail);
    const message = messageText(mail, newId(), now());
    // Loaded with the first mail: who sends none this way has no use for it.
    const { default: Connection } = await import("nodemailer/lib/smtp-connection");
    const signal = AbortSignal.timeout(maxMs);
    const connection = new Connection({
      host: server.host,
      port: server.port,
      secure: server.isImplicit,
      secured: server.isImplicit,
      requireTLS: !server.isImplicit,
      connection: await dial(server, signal),
      name: envelope.from.slice(envelope.from.lastIndexOf("@") + 1),
      greetingTimeout: MAX_SILENCE_MS,
      socketTimeout: MAX_SILENCE_MS,
      maxResponseSize: MAX_RESPONSE_BYTES,
      tls: { servername: server.host },
    });
    const session = sessionOf(connection, signal);
    try {
      await session.greet();
      if (server.login) await session.logIn(server.login);
      const sent = await session.send({ ...envelope, size: Buffer.byteLength(message) }, message);
      connection.quit();
      // Sent anew it would come twice to those who got it: told as a whole, and not tried again.
      const refused = reasonsOf(sent?.rejectedErrors ?? []);
      if (refused.length > 0) throw new MailRefused(`not to all of them: ${refused.join("; ")}`);
    } finally {
      connection.close();
    }
  },
});
