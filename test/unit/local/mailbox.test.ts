import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepMail, listMails, MAX_MAILS, showMail } from "../../../src/local/mailbox.ts";

let mailbox: string;
beforeEach(() => {
  mailbox = join(mkdtempSync(join(tmpdir(), "mailbox-")), "mail");
});
afterEach(() => rmSync(join(mailbox, ".."), { recursive: true }));

const MAIL = { from: "no-reply@localhost", to: ["ada@example.com"], subject: "Hello", text: "One\nTwo" };

test("a mailbox that nothing was sent to is empty", () => {
  expect(listMails(mailbox)).toEqual([]);
  expect(() => showMail(mailbox, "last")).toThrow("there is no mail last");
});

test("mails are listed and shown as they were written", () => {
  const subject = "Grüße, 日本語: a subject that is longer than one line of a header may be 🦄";
  keepMail(mailbox, { ...MAIL, subject });
  const [mail] = listMails(mailbox);
  expect(mail).toMatchObject({ from: MAIL.from, to: "ada@example.com", subject });
  const shown = showMail(mailbox, mail!.id);
  expect(shown).toBe(showMail(mailbox, "last"));
  expect(shown).toContain(`Subject: ${subject}\n\nOne\nTwo`);
  expect(() => showMail(mailbox, "../first-admin")).toThrow("there is no mail");
});

test("nobody but the owner reads them", () => {
  keepMail(mailbox, MAIL);
  const [name = ""] = readdirSync(mailbox);
  expect([statSync(mailbox).mode & 0o777, statSync(join(mailbox, name)).mode & 0o777]).toEqual([
    0o700, 0o600,
  ]);
});

test("the oldest make room for new ones", () => {
  for (let sent = 0; sent < MAX_MAILS + 2; sent++) keepMail(mailbox, { ...MAIL, subject: `mail ${sent}` });
  const mails = listMails(mailbox);
  expect(mails).toHaveLength(MAX_MAILS);
  expect(new Set(mails.map(({ subject }) => subject)).size).toBe(MAX_MAILS);
});
