import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageText } from "../mail/message.ts"; // not its index, which is for the Worker
import type { Mail } from "../platform/mail.ts";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";
import { UsageError } from "./flags.ts";

/** Older ones make room: a local server sends to nobody, and nobody empties its mailbox. */
export const MAX_MAILS = 1000;
const ENDING = ".eml";

export const mailboxOf = (folder: DataFolder): string => folder.file("mail");

/** Names begin with the time, so that they sort by it. */
function namesIn(mailbox: string): string[] {
  try {
    return readdirSync(mailbox)
      .filter((name) => name.endsWith(ENDING))
      .toSorted();
  } catch {
    return []; // nothing was sent yet
  }
}

/** Puts a mail into the folder, readable for its owner only: it may hold a link that opens an account. */
export function keepMail(mailbox: string, mail: Mail): void {
  mkdirSync(mailbox, { recursive: true, mode: 0o700 });
  const atMs = Date.now();
  const id = `${new Date(atMs).toISOString().replaceAll(":", "-")}-${randomBytes(4).toString("hex")}`;
  writePrivately(join(mailbox, id + ENDING), messageText(mail, id, atMs));
  for (const name of namesIn(mailbox).slice(0, -MAX_MAILS)) rmSync(join(mailbox, name), { force: true });
}

const WORD = /=\?utf-8\?B\?([A-Za-z0-9+/=]*)\?=(?:\r\n )?/g;

const fromBase64 = (text: string) => Buffer.from(text, "base64").toString("utf8");

/** A header of a message that `messageText` wrote. */
function headerOf(message: string, name: string): string {
  const [, value = ""] = new RegExp(`^${name}: (.*(?:\r\n .*)*)`, "m").exec(message) ?? [];
  return value.replace(WORD, (_, encoded: string) => fromBase64(encoded));
}

/** Its text for people: the first part. */
function textOf(message: string): string {
  const [, body = ""] = /Content-Transfer-Encoding: base64\r\n\r\n([A-Za-z0-9+/=\r\n]*)/.exec(message) ?? [];
  return fromBase64(body);
}

const HEADERS = ["Date", "From", "To", "Subject"] as const;

/** All mails of the folder, the newest last. */
export const listMails = (mailbox: string) =>
  namesIn(mailbox).map((name) => {
    const message = readIfPresent(join(mailbox, name)) ?? "";
    const [date, from, to, subject] = HEADERS.map((header) => headerOf(message, header));
    return { id: name.slice(0, -ENDING.length), date, from, to, subject };
  });

/** One mail, or the newest, as a person reads it. */
export function showMail(mailbox: string, id: string): string {
  const names = namesIn(mailbox);
  const name = id === "last" ? names.at(-1) : names.find((one) => one === id + ENDING);
  if (name === undefined)
    throw new UsageError(`there is no mail ${id}; without --id the command lists all there are`);
  const message = readIfPresent(join(mailbox, name)) ?? "";
  const head = HEADERS.map((header) => `${header}: ${headerOf(message, header)}`);
  return [...head, "", textOf(message).replaceAll("\r\n", "\n").trimEnd()].join("\n");
}
