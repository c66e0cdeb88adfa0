import { once } from "node:events";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTlsIdentity } from "../../src/local/certificates.ts";
import { openDataFolder } from "../../src/local/data-folder.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, settings } from "./server-process.ts";
import { isSo, until } from "./until.ts";

const FROM = "no-reply@edgemend.test";
/** Of a mail by this server, and no others. */
const HEADERS = ["content-type", "date", "from", "message-id", "mime-version", "subject", "to"];
const EVIL_NAME = 'Größe 漢字 🦊 "x" <b>&\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>';
const MAX_LINE = 998;
const MAX_ENCODED_WORD = 75;

interface Part {
  headers: Record<string, string>;
  body: string;
}

/** A message taken apart by the rules (RFC 5322, 2045, 2047), without the code that wrote it. */
function partOf(message: string): Part {
  const end = message.indexOf("\r\n\r\n");
  const lines = message
    .slice(0, end)
    .replaceAll(/\r\n[ \t]/g, " ")
    .split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at).toLowerCase(), decoded(line.slice(at + 1).trim())];
    }),
  );
  expect(Object.keys(headers)).toHaveLength(lines.length);
  const body = message.slice(end + 4);
  const isEncoded = headers["content-transfer-encoding"] === "base64";
  return { headers, body: isEncoded ? Buffer.from(body, "base64").toString() : body };
}

/** Encoded words with nothing but blanks between them are one text. */
const decoded = (text: string): string =>
  text
    .replaceAll(/\?=\s+=\?/g, "?==?")
    .replaceAll(/=\?utf-8\?B\?([^?]*)\?=/g, (_, word: string) => Buffer.from(word, "base64").toString());

function partsOf({ headers, body }: Part): Part[] {
  const [, boundary = ""] =
    /^multipart\/alternative; boundary="([^"]+)"$/.exec(headers["content-type"]!) ?? [];
  const [, ...parts] = body.split(`--${boundary}`);
  expect(parts.pop()).toMatch(/^--/);
  return parts.map((part) => partOf(part.replace(/^\r\n/, "")));
}

interface Taken {
  from: string;
  to: string[];
  message: string;
}

let smtp: SMTPServer;
let server: LocalServer;
let operator: Operator;
const taken: Taken[] = [];

beforeAll(async () => {
  const identity = openTlsIdentity(openDataFolder(newFolder()), ["localhost"]);
  smtp = new SMTPServer({
    key: identity.key,
    cert: identity.chain,
    authOptional: true,
    onData(stream, { envelope: { mailFrom, rcptTo } }, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        taken.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          message: Buffer.concat(chunks).toString("latin1"),
        });
        done();
      });
    },
  });
  smtp.on("error", () => {});
  smtp.listen(0, "127.0.0.1");
  await once(smtp.server, "listening");
  const { port } = smtp.server.address() as { port: number };
  process.env.NODE_EXTRA_CA_CERTS = identity.caFile; // the server reads it as it starts
  server = await LocalServer.start(
    newFolder(),
    settings(`SMTP_URL=smtp://localhost:${port}`, `MAIL_FROM=${FROM}`, "DELIVERY_PAUSE_MS=0"),
  );
  operator = await Operator.login(server, server.ready.adminPassword!);
});
afterAll(async () => {
  await cleanUp();
  smtp.close();
});

/** The next mail to somebody, as its reader sees it. */
async function mailTo(address: string, subject: RegExp): Promise<Part> {
  const isMeant = ({ to, message }: Taken) =>
    to.includes(address) && subject.test(partOf(message).headers.subject!);
  await until(`a mail to ${address}`, () => isSo(taken.some(isMeant)));
  const [mail] = taken.splice(taken.findIndex(isMeant), 1);
  expect([mail!.from, mail!.to]).toEqual([FROM, [address]]);
  // Bytes above seven bits need a server that says it takes them; lines have a longest.
  expect(mail!.message).toMatch(/^[\r\n\t -~]*$/);
  expect(mail!.message.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  for (const line of mail!.message.split("\r\n")) expect(line.length).toBeLessThanOrEqual(MAX_LINE);
  for (const [word] of mail!.message.matchAll(/=\?[^?]*\?B\?[^?]*\?=/g))
    expect(word.length).toBeLessThanOrEqual(MAX_ENCODED_WORD);
  const part = partOf(mail!.message);
  const meant = Object.keys(part.headers).filter((name) => name !== "content-transfer-encoding");
  expect(meant.toSorted()).toEqual(HEADERS);
  expect(part.headers).toMatchObject({ from: FROM, to: address, "mime-version": "1.0" });
  expect(part.headers["message-id"]).toMatch(/^<[0-9a-f-]+@edgemend\.test>$/);
  expect(Math.abs(Date.parse(part.headers.date!) - Date.now())).toBeLessThan(600_000);
  return part;
}

/** The token of a device that was let in. */
async function admitted(device: SigningDevice): Promise<string> {
  const body = device.body();
  const ask = () =>
    fetch(`${server.ready.url}/api/devices/v1/authentication/auth_requests`, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", "X-MEN-Signature": device.signature(body) },
    });
  expect((await ask()).status).toBe(401);
  await operator.acceptAll();
  const answer = await ask();
  expect(answer.status).toBe(200);
  return answer.text();
}

describe("at a mail server written by others", () => {
  test("an alert of a device is a mail with headers of its own, whatever the device says", async () => {
    const token = await admitted(new SigningDevice({ mac: "a" }));
    const details = {
      description: EVIL_NAME,
      log_pattern: "<img src=x onerror=alert(1)>",
      log_file_path: "/var/log/größe",
      line_matching: { line_number: 1, data: ".\r\n.\r\nQUIT\r\n" },
    };
    const alert = {
      name: EVIL_NAME,
      level: "CRITICAL\r\nX-Evil: 1",
      timestamp: new Date().toISOString(),
      subject: { name: "größe<i>", status: "nicht\r\nda", type: "systemd.unit", details },
    };
    const raised = await fetch(`${server.ready.url}/api/devices/v1/devicemonitor/alert`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify([alert]),
    });
    expect(raised.status).toBe(204);
    const [{ id }] = (await operator.get<{ id: string }[]>("/v2/devauth/devices")) as [{ id: string }];
    const mail = await mailTo(server.ready.adminEmail, /Monitor Alert/);
    const name = EVIL_NAME.replaceAll(/[\r\n]+/g, " ");
    expect(mail.headers.subject).toBe(`CRITICAL X-Evil: 1: Monitor Alert for ${name} on ${id}`);
    const [text, html, ...more] = partsOf(mail);
    expect([more, text!.headers["content-type"], html!.headers["content-type"]]).toEqual([
      [],
      "text/plain; charset=utf-8",
      "text/html; charset=utf-8",
    ]);
    expect(text!.body).toContain(`Device: ${id}\r\n`);
    for (const line of ["Größe 漢字 🦊", "Log file: /var/log/größe", ".\r\n.\r\nQUIT"])
      expect(text!.body).toContain(line);
    expect(html!.body).toContain("Größe 漢字 🦊 &quot;x&quot; &lt;b&gt;&amp;");
    expect(html!.body.match(/<\/?[a-z]+/g)!.filter((tag) => !/^<\/?(?:table|tr|th|td)$/.test(tag))).toEqual(
      [],
    );
  });

  test("a webhook in the shape of mail tells of what happened in one line each", async () => {
    const to = "ada@example.com";
    const hook = { name: EVIL_NAME, types: ["alert.raised"], shape: "mail", target: to };
    expect((await operator.call("POST", "/v1/webhooks", hook)).status).toBe(201);
    const token = await admitted(new SigningDevice({ mac: "b" }));
    const alert = (subject: string) => ({
      name: EVIL_NAME,
      level: "CRITICAL",
      timestamp: new Date().toISOString(),
      subject: { name: subject, status: "down", type: "systemd.unit" },
    });
    const raised = await fetch(`${server.ready.url}/api/devices/v1/devicemonitor/alert`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify([alert("größe\r\nBcc: victim@example.com")]),
    });
    expect(raised.status).toBe(204);
    const mail = await mailTo(to, /alert\.raised/);
    const name = EVIL_NAME.replaceAll(/[\r\n]+/g, " ");
    const { subject = "" } = mail.headers;
    expect(subject.startsWith(`${name}: alert.raised: device `)).toBe(true);
    expect(mail.headers["content-type"]).toBe("text/plain; charset=utf-8");
    const lines = mail.body.split("\r\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^alert\.raised: device \S+, subject größe Bcc: victim@example\.com, level CRITICAL/,
    );
    expect(`${name}: ${lines[0]}`.startsWith(subject.replace(/…$/, ""))).toBe(true);
  });

  test("nobody else is told anything", () => {
    expect(taken.flatMap(({ to }) => to).filter((to) => to !== server.ready.adminEmail)).toEqual([]);
  });
});
