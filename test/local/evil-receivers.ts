import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { dirname, join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { openTlsIdentity } from "../../src/local/certificates.ts";
import { openDataFolder } from "../../src/local/data-folder.ts";
import { issueCertificate } from "../../src/local/x509.ts";
import { newFolder } from "./server-process.ts";

const DAY_MS = 86_400_000;
const HOST = "127.0.0.1";
const MIB = 1024 * 1024;

/** What users never see more of than a beginning, and those of clouds and providers nothing. */
export const WORDS = "words of the receiver ";

/** What a receiver answers, in whatever way it is asked. */
const ANSWERS = {
  interim: (request, response) => {
    response.writeContinue();
    response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.writeHead(200, { "X-Asked": request.method }).end(WORDS);
  },
  large: (_, response) => void response.end(WORDS.repeat(10_000)),
  loop: ({ url }, response) => void response.writeHead(302, { Location: url }).end(WORDS),
  chain: ({ url }, response) => void response.writeHead(302, { Location: `${url}x` }).end(WORDS),
  inside: (_, response) => void response.writeHead(307, { Location: "http://169.254.169.254/latest" }).end(),
  nowhere: (_, response) => void response.writeHead(302, { Location: "http://[" }).end(WORDS),
  gone: (_, response) => void response.writeHead(404).end(WORDS),
  busy: (_, response) => void response.writeHead(429).end(WORDS),
  failing: (_, response) => void response.writeHead(500).end(WORDS),
  away: (_, response) => void response.writeHead(503).end(WORDS),
  endless: (_, response) => {
    const more = (failed?: Error | null) => failed ?? response.write(WORDS.repeat(1000), more);
    more();
  },
  dripping: (_, response) => {
    const timer = setInterval(() => response.write("w"), 200);
    response.on("close", () => clearInterval(timer));
  },
  silent: () => {},
  broken: (request) => void request.socket.destroy(),
} as const satisfies Record<string, RequestListener>;

/** Answers that no web server gives. */
const RAW = {
  nonsense: `${WORDS}\r\n\r\n`,
  swollen: `HTTP/1.1 200 OK\r\nX: ${"x".repeat(MIB)}\r\n\r\n${WORDS}`,
  cut: `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${WORDS}`,
} as const;

const FORGED = ["expired", "misnamed", "unsigned"] as const;

export type Evil = keyof typeof ANSWERS | keyof typeof RAW | (typeof FORGED)[number] | "bare" | "elsewhere";

/** Receivers of this machine that do what none should, each at an address of its own. */
export class EvilReceivers {
  /** The authority that a server has to trust. */
  readonly caFile: string;
  /** By what they do. */
  readonly origins: ReadonlyMap<Evil, string>;
  /** Requests that came where none may: by a redirect to another host. */
  astray: number;
  readonly #servers: Server[];

  private constructor(caFile: string, origins: Map<Evil, string>, servers: Server[]) {
    this.caFile = caFile;
    this.origins = origins;
    this.astray = 0;
    this.#servers = servers;
  }

  static async open(): Promise<EvilReceivers> {
    const identity = openTlsIdentity(openDataFolder(newFolder()), [HOST]);
    const good = { key: identity.key, cert: identity.chain };
    const secure = (answer: RequestListener, tls = good) => createSecureServer(tls, answer);
    const elsewhere = secure(() => (all.astray += 1));
    const forged = forgedIdentities(identity.caFile);
    const kinds: [Evil, Server][] = [
      ["elsewhere", secure((_, response) => void response.writeHead(302, { Location: away() }).end(WORDS))],
      ...Object.entries(ANSWERS).map(([name, answer]): [Evil, Server] => [name as Evil, secure(answer)]),
      ...Object.entries(RAW).map(([name, text]): [Evil, Server] => [name as Evil, raw(text, good)]),
      ...FORGED.map((name): [Evil, Server] => [
        name,
        secure((_, response) => void response.end(WORDS), forged[name]),
      ]),
      ["bare", createServer((_, response) => void response.end(WORDS))],
    ];
    const away = () => originOf(elsewhere);
    const servers = [elsewhere, ...kinds.map(([, server]) => server)];
    await Promise.all(servers.map(listening));
    const origins = new Map(kinds.map(([name, server]) => [name, originOf(server)]));
    const all = new EvilReceivers(identity.caFile, origins, servers);
    return all;
  }

  close(): void {
    for (const server of this.#servers) {
      if ("closeAllConnections" in server) (server.closeAllConnections as () => void)();
      server.close();
    }
  }
}

const originOf = (server: Server) => `https://${HOST}:${(server.address() as AddressInfo).port}`;

const listening = (server: Server) =>
  new Promise<void>((done) => {
    server.on("error", () => {});
    server.listen(0, HOST, done);
  });

/** Text in place of an answer, over good TLS. */
function raw(text: string, tls: { key: string; cert: string }): Server {
  return createTlsServer(tls, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(text));
  });
}

/** Certificates that prove nothing: over, for another host, or by nobody that is trusted. */
function forgedIdentities(caFile: string) {
  const issuerKey = createPrivateKey(readFileSync(join(dirname(caFile), "ca-key.pem")));
  const issuer = new X509Certificate(readFileSync(caFile)).subject.replace(/^CN=/, "");
  const issue = (more: { serverNames?: string[]; untilMs?: number; isOwn?: boolean }) => {
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const cert = issueCertificate({
      subject: "receiver",
      subjectKey: key,
      ...(more.isOwn ? { issuer: "receiver", issuerKey: key } : { issuer, issuerKey }),
      notBefore: new Date(Date.now() - 9 * DAY_MS),
      notAfter: new Date(more.untilMs ?? Date.now() + DAY_MS),
      serverNames: more.serverNames ?? [HOST],
    });
    return { key: key.export({ format: "pem", type: "pkcs8" }).toString(), cert };
  };
  return {
    expired: issue({ untilMs: Date.now() - DAY_MS }),
    misnamed: issue({ serverNames: ["hooks.example.com"] }),
    unsigned: issue({ isOwn: true }),
  };
}
