import { createServer, request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { createGzip } from "node:zlib";

const TEXT = /^(text\/|application\/(json|javascript)|image\/svg)/;

export interface Proxy {
  url: string;
  close: () => void;
}

const isText = (answer: IncomingMessage): boolean =>
  TEXT.test(answer.headers["content-type"] ?? "") && answer.headers["content-encoding"] === undefined;

/** In front of a local server, which compresses nothing: sends what the network at the edge would. */
export async function startGzipProxy(to: string): Promise<Proxy> {
  const { port, hostname } = new URL(to);
  const server = createServer((asked, given) => {
    const { url: path = "/", method = "GET", headers } = asked;
    const passed = request({ hostname, port, path, method, headers }, (answer) => {
      const { "content-length": _length, ...rest } = answer.headers;
      if (!isText(answer) || answer.statusCode === 304) {
        given.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(given);
        return;
      }
      given.writeHead(answer.statusCode ?? 500, { ...rest, "content-encoding": "gzip" });
      answer.pipe(createGzip()).pipe(given);
    });
    passed.on("error", () => given.destroy());
    asked.pipe(passed);
  });
  server.on("upgrade", (asked, socket, head) => {
    const lines = Object.entries(asked.headers).map(([name, value]) => `${name}: ${String(value)}`);
    const passed = connect(Number(port), hostname, () => {
      passed.write([`GET ${asked.url ?? "/"} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
      passed.write(head);
      passed.pipe(socket).pipe(passed);
    });
    for (const end of [passed, socket]) end.on("error", () => (passed.destroy(), socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://localhost:${address.port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
