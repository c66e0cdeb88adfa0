import { request } from "node:http";

export const LOOPBACK = "127.0.0.1";

export interface Sent {
  status: number;
  body: string;
  location: string | undefined;
  seconds: number;
}

/** Sends chunks as one body and waits for the answer. */
export function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string | number>,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const call = request({ host: LOOPBACK, port, method, path, headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => (body += text));
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          body,
          location: answer.headers.location,
          seconds: (performance.now() - start) / 1000,
        }),
      );
    });
    call.on("error", reject);
    const feed = async () => {
      for await (const chunk of chunks) {
        if (!call.write(chunk)) await new Promise((drained) => call.once("drain", drained));
      }
      call.end();
    };
    feed().catch(reject);
  });
}
