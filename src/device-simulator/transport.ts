import * as http from "node:http";
import * as https from "node:https";

export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: http.IncomingMessage;
}

export interface Outgoing {
  headers?: Record<string, string>;
  body?: string;
}

/** Connections to one server, kept open between requests like a device daemon's. */
export class Transport {
  readonly #origin: string;
  readonly #agents;

  /** `ca` is the PEM certificate of the authority to trust in place of the system's. */
  constructor(serverUrl: string, ca?: string) {
    this.#origin = serverUrl.replace(/\/+$/, "");
    this.#agents = {
      "http:": new http.Agent({ keepAlive: true }),
      "https:": new https.Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) }),
    };
  }

  /** The reply with its body still to be read. `target` is a path on the server or a whole link. */
  async send(method: string, target: string, outgoing: Outgoing = {}): Promise<Reply> {
    const url = new URL(target, this.#origin);
    try {
      return await this.#attempt(method, url, outgoing);
    } catch (cause) {
      // The server may close an idle connection in the moment it is used again.
      if (cause instanceof ReusedConnectionError) return this.#attempt(method, url, outgoing);
      throw cause;
    }
  }

  #attempt(method: string, url: URL, { headers = {}, body }: Outgoing): Promise<Reply> {
    const secure = url.protocol === "https:";
    const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
    const options = {
      method,
      headers: { ...headers, ...length },
      agent: this.#agents[secure ? "https:" : "http:"],
    };
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(url.href, options);
      request.on("error", (cause) =>
        reject(request.reusedSocket ? new ReusedConnectionError(cause.message, { cause }) : cause),
      );
      request.on("response", (response) =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response }),
      );
      request.end(body);
    });
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

class ReusedConnectionError extends Error {}

export async function textOf(reply: Reply): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply.body) chunks.push(chunk as Buffer); // no encoding is set
  return Buffer.concat(chunks).toString("utf8");
}
