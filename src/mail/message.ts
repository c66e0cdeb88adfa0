import { oneLine, type Mail } from "../platform/mail.ts";

const cleanAll = (texts: readonly string[] | undefined) => texts?.map(oneLine);

/** The mail with nothing in its headers that could end one. */
export const withCleanHeaders = (mail: Mail): Mail => ({
  ...mail,
  from: oneLine(mail.from),
  to: mail.to.map(oneLine),
  cc: cleanAll(mail.cc),
  bcc: cleanAll(mail.bcc),
  subject: oneLine(mail.subject),
});

const isAscii = (text: string) => /^[ -~]*$/.test(text);

/** Characters of an encoded word that surely stay below the 75 it may have (RFC 2047). */
const WORD_CHARACTERS = 12;

const encodedWord = (part: string) => `=?utf-8?B?${Buffer.from(part).toString("base64")}?=`;

function encodeHeader(text: string): string {
  if (isAscii(text)) return text;
  const characters = Array.from(text);
  const words: string[] = [];
  for (let at = 0; at < characters.length; at += WORD_CHARACTERS)
    words.push(encodedWord(characters.slice(at, at + WORD_CHARACTERS).join("")));
  return words.join("\r\n ");
}

/** A name before an address is words; the address itself is left as it is. */
function encodeMailbox(mailbox: string): string {
  const [, name = "", address] = /^([^<]*?)\s*(<[^<>]*>)$/.exec(mailbox) ?? [];
  return address === undefined || isAscii(name) ? mailbox : `${encodeHeader(name)} ${address}`;
}

const encodeMailboxes = (mailboxes: readonly string[]) => mailboxes.map(encodeMailbox).join(", ");

const BASE64_LINE = /.{1,76}/g;

function part(type: string, text: string): string[] {
  const bytes = Buffer.from(text.replace(/\r\n|\r|\n/g, "\r\n"));
  return [
    `Content-Type: ${type}; charset=utf-8`,
    "Content-Transfer-Encoding: base64",
    "",
    ...(bytes.toString("base64").match(BASE64_LINE) ?? []),
  ];
}

function body(mail: Mail, boundary: string): string[] {
  if (mail.html === undefined) return part("text/plain", mail.text);
  return [
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    "",
    `--${boundary}`,
    ...part("text/plain", mail.text),
    `--${boundary}`,
    ...part("text/html", mail.html),
    `--${boundary}--`,
  ];
}

/** The mail as it travels (RFC 5322); whoever gets a blind copy is not named. */
export function messageText(given: Mail, id: string, atMs: number): string {
  const mail = withCleanHeaders(given);
  const domain = mail.from.slice(mail.from.lastIndexOf("@") + 1).replace(/>$/, "");
  return [
    `From: ${encodeMailbox(mail.from)}`,
    `To: ${encodeMailboxes(mail.to)}`,
    ...(mail.cc && mail.cc.length > 0 ? [`Cc: ${encodeMailboxes(mail.cc)}`] : []),
    `Subject: ${encodeHeader(mail.subject)}`,
    `Date: ${new Date(atMs).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id}@${domain}>`,
    "MIME-Version: 1.0",
    ...body(mail, `part-${id}`),
    "",
  ].join("\r\n");
}
