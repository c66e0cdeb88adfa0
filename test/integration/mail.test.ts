import { beforeEach, describe, expect, it } from "vitest";
import { mailerOf } from "../../src/mail/index.ts";
import type { Mail } from "../../src/platform/mail.ts";

const EVIL: Mail = {
  from: "no-reply@edgemend.test",
  to: ["ada@example.com\r\nBcc: victim@example.com"],
  subject: "Hello\r\nBcc: victim@example.com",
  text: "One",
};

const CLEAN = { to: ["ada@example.com Bcc: victim@example.com"], subject: "Hello Bcc: victim@example.com" };

describe("mails", () => {
  let sent: unknown[];
  beforeEach(() => (sent = []));

  it("go through the binding, with headers that hold no line end", async () => {
    const binding = { send: async (mail: unknown) => void sent.push(mail) } as unknown as SendEmail;
    await mailerOf({ EMAIL: binding })?.send(EVIL);
    expect(sent).toEqual([{ from: EVIL.from, text: "One", ...CLEAN }]);
  });

  it("go to the process around a local server, with headers that hold no line end", async () => {
    const fetch = async (_: string, init: { body: string }) => {
      sent.push(JSON.parse(init.body));
      return new Response();
    };
    await mailerOf({ HOST_PROCESS: { fetch } as unknown as Fetcher })?.send(EVIL);
    expect(sent).toEqual([{ from: EVIL.from, text: "One", ...CLEAN }]);
  });

  it("that the process does not take are told as not sent", async () => {
    const fetch = async () => new Response(null, { status: 500 });
    const sending = mailerOf({ HOST_PROCESS: { fetch } as unknown as Fetcher })?.send(EVIL);
    await expect(sending).rejects.toThrow("500");
  });

  it("cannot be sent by a deployment that has nothing to send them by", () => {
    expect(mailerOf({})).toBeUndefined();
  });
});
