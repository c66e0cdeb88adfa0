import { createServer, type Server as TcpServer, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundleWorker } from "../../src/local/bundle.ts";
import { openTlsIdentity, type TlsIdentity } from "../../src/local/certificates.ts";
import { openDataFolder } from "../../src/local/data-folder.ts";
import type { Mail } from "../../src/platform/mail.ts";
import { cleanUp, newFolder } from "./server-process.ts";

const MAIL: Mail = {
  from: "no-reply@edgemend.test",
  to: ["ada@example.com"],
  subject: "Hello",
  text: "One\n.\n.two\r\nQUIT",
};
const LOGIN = "ada%40edgemend:p%40ss%3Aword@";

interface Taken {
  from: string;
  to: string[];
  isSecure: boolean;
  login: string | undefined;
  message: string;
}

let runtime: Miniflare;
let identity: TlsIdentity;
let taken: Taken[];
let refusals: Map<string, { code: number; times: number }>;
const open: { close: () => void }[] = [];

/** The runtime that the Worker is served by, with a certificate authority of this test among those that it trusts. */
beforeAll(async () => {
  const folder = newFolder();
  identity = openTlsIdentity(openDataFolder(folder), ["localhost"]);

  process.env.NODE_EXTRA_CA_CERTS = identity.caFile; // read as the runtime's library is loaded
  const { convertV4MiniflareOptions, Miniflare: Runtime } = await import("miniflare");
  const { text: contents } = await bundleWorker(join(import.meta.dirname, "workers/mail.ts"), [".sql"]);
  const module = { type: "ESModule" as const, path: join(import.meta.dirname, "mail.mjs"), contents };
  runtime = new Runtime(
    convertV4MiniflareOptions({
      modules: [module],
      compatibilityDate: "2026-10-20",
      compatibilityFlags: ["nodejs_compat"],
      handleStructuredLogs: () => {},
    }),
  );
});
afterAll(async () => {
  await runtime.dispose();
  for (const server of open) server.close();
  await cleanUp();
});
beforeEach(() => {
  taken = [];
  refusals = new Map();
});

const portOf = (server: TcpServer) => (server.address() as { port: number }).port;

/** Refuses as many times as it was told to. */
function refusalFor(what: string): Error | undefined {
  const refusal = refusals.get(what);
  if (!refusal || refusal.times <= 0) return undefined;
  refusal.times -= 1;
  return Object.assign(new Error("not now or never"), { responseCode: refusal.code });
}

/** A mail server written by others. */
async function mailServer(options: SMTPServerOptions = {}): Promise<number> {
  const server = new SMTPServer({
    key: identity.key,
    cert: identity.chain,
    authOptional: true,
    onAuth: ({ username, password }, _, done) =>
      done(refusalFor("login") ?? null, { user: `${username} ${password}` }),
    onMailFrom: (_, __, done) => done(refusalFor("sender") ?? null),
    onRcptTo: ({ address }, _, done) => done(refusalFor(address) ?? null),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const refusal = refusalFor("data");
        if (refusal) return done(refusal);
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          isSecure: session.secure,
          login: session.user || undefined,
          message: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
    ...options,
  });
  server.on("error", () => {}); // clients that hang up are what is tested
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  open.push(server);
  return portOf(server.server);
}

/** A server that says what it is told to, and what it was told. */
async function rawServer(talk: (socket: Socket, line: string) => void) {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write("220 mail.test ESMTP\r\n");
    socket.on("data", (bytes) => {
      heard.push(bytes.toString());
      talk(socket, bytes.toString());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({ close: () => [server.close(), sockets.forEach((socket) => socket.destroy())] });
  return { port: portOf(server), heard };
}

async function send(address: string, mail: Partial<Mail> = {}, maxMs = 20_000) {
  const body = JSON.stringify({ SMTP_URL: address, mail: { ...MAIL, ...mail }, maxMs });
  const answer = await runtime.dispatchFetch("http://test/", { method: "POST", body });
  return (await answer.json()) as { name: string; message?: string };
}

describe("a mail server by setting", () => {
  it("takes mails by STARTTLS and by TLS from the first byte, with a login", async () => {
    const starttls = await mailServer();
    const implicit = await mailServer({ secure: true });
    expect(await send(`smtp://${LOGIN}localhost:${starttls}`)).toEqual({ name: "sent" });
    expect(await send(`smtps://${LOGIN}localhost:${implicit}`)).toEqual({ name: "sent" });
    expect(await send(`smtp://localhost:${starttls}`)).toEqual({ name: "sent" });
    const common = { from: MAIL.from, to: MAIL.to, isSecure: true };
    const login = "ada@edgemend p@ss:word";
    expect(taken).toMatchObject([
      { ...common, login },
      { ...common, login },
      { ...common, login: undefined },
    ]);
    const [headers = "", ...body] = taken[0]!.message.split("\r\n\r\n");
    expect(headers).toContain("Subject: Hello");
    expect(headers).toContain("Date: Tue, 14 Nov 2023 22:13:20 +0000");
    expect(Buffer.from(body.join(), "base64").toString()).toBe("One\r\n.\r\n.two\r\nQUIT");
  });

  it("names blind copies to the server only, and each recipient once", async () => {
    const port = await mailServer();
    const names = {
      to: ["Ada <ada@example.com>"],
      cc: ['"Doe, Bob" <bob@example.com>'],
      bcc: ["eve@example.com", "bob@example.com"],
    };
    await send(`smtp://localhost:${port}`, names);
    expect(taken[0]!.to).toEqual(["ada@example.com", "bob@example.com", "eve@example.com"]);
    expect(taken[0]!.message).not.toContain("eve");
  });

  it("is told nothing in plain text, not even where it offers no STARTTLS or breaks it off", async () => {
    const plain = await mailServer({ disabledCommands: ["STARTTLS"] });
    expect(await send(`smtp://${LOGIN}localhost:${plain}`)).toMatchObject({ name: "Error" });
    const breaking = await rawServer((socket, line) => {
      if (line.startsWith("EHLO")) socket.write("250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n");
      else socket.write("454 TLS not available\r\n250 go on\r\n");
    });
    expect(await send(`smtp://${LOGIN}localhost:${breaking.port}`)).toMatchObject({ name: "Error" });
    expect(breaking.heard.join("")).not.toMatch(/AUTH|MAIL|RCPT|DATA/);
    expect(taken).toEqual([]);
  });

  it("has to be who it says by a certificate", async () => {
    const port = await mailServer();
    const other = openTlsIdentity(openDataFolder(newFolder()), ["localhost"]);
    const unknown = await mailServer({ key: other.key, cert: other.chain });
    expect(await send(`smtp://${LOGIN}127.0.0.1:${port}`)).toMatchObject({ name: "Error" });
    expect(await send(`smtp://${LOGIN}localhost:${unknown}`)).toMatchObject({ name: "Error" });
    expect(taken).toEqual([]);
  });

  it("that is slow, silent, endless or away is given up", async () => {
    const address = (port: number) => `smtp://localhost:${port}`;
    const silent = await rawServer(() => {});
    const endless = await rawServer((socket) => socket.write(`250-${"x".repeat(100_000)}`));
    const gone = await rawServer((socket) => socket.destroy());
    const late = "the mail server takes too long";
    expect(await send(address(silent.port), {}, 300)).toEqual({ name: "Error", message: late });
    expect(await send(address(endless.port))).toMatchObject({ name: "Error" });
    expect(await send(address(gone.port))).toMatchObject({ name: "Error" });
    expect(await send("smtp://localhost:9")).toMatchObject({ name: "Error" });
  });

  it("that says `later` is asked again, and one that says `never` is not", async () => {
    const port = await mailServer();
    const address = `smtp://${LOGIN}localhost:${port}`;
    for (const [what, code, name] of [
      ["ada@example.com", 451, "Error"],
      ["ada@example.com", 550, "MailRefused"],
      ["sender", 451, "Error"],
      ["sender", 553, "MailRefused"],
      ["data", 452, "Error"],
      ["data", 554, "MailRefused"],
      ["login", 535, "Error"],
    ] as const) {
      refusals.set(what, { code, times: 1 });
      const answer = await send(address);
      expect([what, code, answer.name]).toEqual([what, code, name]);
      expect(answer.message).toContain("not now or never");
    }
    expect(taken).toEqual([]);
    expect(await send(address)).toEqual({ name: "sent" });
  });

  it("tells of each recipient that it does not take, and gets the mail for the others once", async () => {
    const port = await mailServer();
    refusals.set("bob@example.com", { code: 550, times: 9 }).set("eve@example.com", { code: 451, times: 9 });
    const to = ["ada@example.com", "bob@example.com", "eve@example.com"];
    const { name, message } = await send(`smtp://localhost:${port}`, { to });
    expect(name).toBe("MailRefused");
    expect(message).toMatch(/bob@example\.com: .*not now.*; eve@example\.com: .*not now/);
    expect(taken.map((mail) => mail.to)).toEqual([["ada@example.com"]]);
    expect(await send(`smtp://localhost:${port}`, { to: to.slice(1) })).toMatchObject({ name: "Error" });
  });

  it("gets no commands, recipients or headers from what somebody writes into a mail", async () => {
    const port = await mailServer();
    const evil = [
      "ada@example.com\r\nRCPT TO:<victim@example.com>",
      "ada@example.com\nBcc: victim@example.com",
      "ada@example.com>\r\nDATA\r\n",
      "ada@example.com> SIZE=1 <victim@example.com",
      "ada@example.com,victim@example.com",
      "<ada@example.com> <victim@example.com>",
      "ada@example.com RCPT TO:<victim@example.com>",
      '"victim@example.com>"@example.com',
      "victim@example.com:ada@example.com;",
      "ada@example.com\u0000victim@example.com",
      "ada@example.com\u2028victim@example.com",
      "@example.com",
      "ada@",
      "",
      `${"a".repeat(65)}@example.com`,
    ];
    for (const to of evil)
      expect([to, (await send(`smtp://localhost:${port}`, { to: [to] })).name]).toEqual([to, "MailRefused"]);
    expect(taken).toEqual([]);
    const subject = "Hi\r\nBcc: victim@example.com\r\n\r\nbody";
    await send(`smtp://localhost:${port}`, { subject, text: "\r\n.\r\nMAIL FROM:<victim@example.com>\r\n" });
    expect(taken.map((mail) => mail.to)).toEqual([["ada@example.com"]]);
    expect(taken[0]!.message).not.toMatch(/^Bcc:/m);
    const many = Array.from({ length: 101 }, (_, n) => `user-${n}@example.com`);
    expect((await send(`smtp://localhost:${port}`, { to: many })).name).toBe("MailRefused");
  });
});
