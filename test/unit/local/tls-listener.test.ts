import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openTlsIdentity, type TlsIdentity } from "../../../src/local/certificates.ts";
import { openDataFolder } from "../../../src/local/data-folder.ts";
import { TlsListener } from "../../../src/local/tls-listener.ts";

const path = mkdtempSync(join(tmpdir(), "edgemend-listener-"));
let identity: TlsIdentity;
let ca: string;
let listener: TlsListener;
let target: Server;

beforeAll(() => {
  identity = openTlsIdentity(openDataFolder(path), ["localhost", "127.0.0.1"]);
  ca = readFileSync(identity.caFile, "utf8");
});

afterEach(async () => {
  await listener.close();
  target.close();
});

afterAll(() => rmSync(path, { recursive: true }));

/** A listener before a plain server; resolves to its port. */
async function listenBefore(onConnection: (socket: Socket) => void, allowHalfOpen = false): Promise<number> {
  target = createServer({ allowHalfOpen }, onConnection).listen(0, "127.0.0.1");
  await once(target, "listening");
  listener = new TlsListener(identity, {
    host: "127.0.0.1",
    port: (target.address() as AddressInfo).port,
  });
  return listener.listen({ host: "127.0.0.1", port: 0, option: "--https-port" });
}

/** A client that is not surprised when it is cut off. */
function call(port: number, trusted: string | undefined, allowHalfOpen = false): TLSSocket {
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    ...(trusted === undefined ? {} : { ca: trusted }),
    host: "127.0.0.1",
    servername: "localhost",
    port,
    allowHalfOpen,
  };
  return connect(options).on("error", () => {});
}

async function dial(port: number, allowHalfOpen = false): Promise<TLSSocket> {
  const socket = call(port, ca, allowHalfOpen);
  await once(socket, "secureConnect");
  return socket;
}

const closeOf = (socket: Socket) => new Promise<void>((done) => socket.resume().on("close", () => done()));

// Unlike an iteration it leaves the other direction open.
const readAll = (socket: Socket) =>
  new Promise<Buffer>((done) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => done(Buffer.concat(chunks)));
  });

describe("the TLS listener", () => {
  test("passes bytes both ways as they come", async () => {
    const port = await listenBefore((socket) => socket.on("data", (chunk) => socket.write(chunk)));
    const client = await dial(port);
    for (const word of ["GET / HTTP/1.1", "\x81\x05hello", "\0\xff"]) {
      client.write(word, "latin1");
      const [echo] = (await once(client, "data")) as [Buffer];
      expect(echo.toString("latin1")).toBe(word);
    }
    client.destroy();
  });

  test("passes the end of one direction on and keeps the other open", async () => {
    const answer = (socket: Socket) =>
      void readAll(socket).then((request) => socket.end(`${request.length} bytes`));
    const client = await dial(await listenBefore(answer, true), true);
    client.end(Buffer.alloc(300_000));
    expect((await readAll(client)).toString()).toBe("300000 bytes");
  });

  test("holds a sender back while the receiver does not read", async () => {
    let sent = 0;
    const port = await listenBefore((socket) => {
      const chunk = Buffer.alloc(64 * 1024);
      const fill = () => {
        while (sent < 64 * 1024 * 1024) {
          sent += chunk.length;
          if (!socket.write(chunk)) return void socket.once("drain", fill);
        }
        socket.end();
      };
      fill();
    });
    const client = await dial(port);
    let [before, rounds] = [-1, 0];
    // Full when nothing was taken over many turns of the loop that is shared by all three.
    while (before !== sent || rounds < 200) {
      rounds = before === sent ? rounds + 1 : 0;
      before = sent;
      await new Promise((done) => setImmediate(done));
    }
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect((await readAll(client)).length).toBe(64 * 1024 * 1024);
    expect(sent).toBe(64 * 1024 * 1024);
  });

  test("tells either side that the other has gone", async () => {
    const gone: Promise<void>[] = [];
    const port = await listenBefore((socket) => {
      gone.push(closeOf(socket.on("error", () => {})));
      socket.write("hello");
      socket.once("data", (word) => word.toString() === "go" && socket.destroy());
    });
    const leaving = await dial(port);
    await once(leaving, "data");
    leaving.destroy();
    const left = await dial(port);
    left.write("go");
    await closeOf(left);
    await Promise.all(gone);
    expect(gone).toHaveLength(2);
  });

  test("stops although a stranger hung up in the middle of the handshake and others stay", async () => {
    const port = await listenBefore((socket) => socket.resume());
    await closeOf(call(port, undefined));
    const closed = closeOf(await dial(port));
    await listener.close();
    await closed;
  });
});
