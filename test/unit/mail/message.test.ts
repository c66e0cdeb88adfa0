import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { messageText } from "../../../src/mail/message.ts";
import type { Mail } from "../../../src/platform/mail.ts";

const AT = 1_700_000_000_000;
const MAIL: Mail = {
  from: "no-reply@edgemend.test",
  to: ["ada@example.com"],
  subject: "Hello",
  text: "One\nTwo",
};

/** Headers and body as any reader of mail splits them. */
function read(message: string) {
  const end = message.indexOf("\r\n\r\n");
  const unfolded = message
    .slice(0, end)
    .replaceAll(/\r\n[ \t]/g, " ")
    .split("\r\n");
  const headers = unfolded.map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  return { headers, body: message.slice(end + 4) };
}

const decodeWords = (text: string) =>
  text.replaceAll(/=\?utf-8\?B\?([^?]*)\?= ?/g, (_, word: string) => Buffer.from(word, "base64").toString());

describe("a message", () => {
  test("has the headers and the text of its mail", () => {
    const { headers, body } = read(messageText(MAIL, "id", AT));
    expect(headers).toEqual([
      ["From", "no-reply@edgemend.test"],
      ["To", "ada@example.com"],
      ["Subject", "Hello"],
      ["Date", "Tue, 14 Nov 2023 22:13:20 +0000"],
      ["Message-ID", "<id@edgemend.test>"],
      ["MIME-Version", "1.0"],
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Content-Transfer-Encoding", "base64"],
    ]);
    expect(Buffer.from(body, "base64").toString()).toBe("One\r\nTwo");
  });

  test("names nobody who gets a blind copy", () => {
    const message = messageText({ ...MAIL, cc: ["cc@example.com"], bcc: ["bcc@example.com"] }, "id", AT);
    expect(message).toContain("\r\nCc: cc@example.com\r\n");
    expect(message).not.toContain("bcc@example.com");
  });

  test("carries text and HTML as alternatives", () => {
    const message = messageText({ ...MAIL, html: "<p>Hello</p>" }, "id", AT);
    expect(message).toContain('Content-Type: multipart/alternative; boundary="part-id"');
    expect(message).toContain(Buffer.from("<p>Hello</p>").toString("base64"));
    expect(message.trimEnd().endsWith("--part-id--")).toBe(true);
  });

  test("keeps every subject within its header, in short lines of ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (subject) => {
        const message = messageText({ ...MAIL, subject }, "id", AT);
        const { headers } = read(message);
        expect(headers.map(([name]) => name)).toEqual(
          read(messageText(MAIL, "id", AT)).headers.map(([name]) => name),
        );
        // oxlint-disable-next-line no-control-regex -- control characters become blanks
        const expected = subject.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
        expect(decodeWords(headers[2]![1])).toBe(expected);
        if (!/^[ -~]*$/.test(expected))
          for (const line of message.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(90);
      }),
    );
  });

  test.each(["\r\n", "\n", "\r", "\u0000", "\u0085", "\u2028", "\r\n\r\n", "\n.\n"])(
    "lets no header begin after %j",
    (end) => {
      const evil = `x${end}Bcc: victim@example.com`;
      for (const mail of [
        { ...MAIL, subject: evil },
        { ...MAIL, from: `${evil}@example.com` },
        { ...MAIL, to: [evil, "ada@example.com"] },
        { ...MAIL, cc: [evil] },
      ]) {
        const names = read(messageText(mail, "id", AT)).headers.map(([name]) => name);
        expect(names).not.toContain("Bcc");
        expect(new Set(names).size).toBe(names.length);
      }
    },
  );
});
