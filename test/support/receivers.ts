import { vi } from "vitest";

/** A request that the server sent. */
export interface Sent {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
}

export type Answering = (request: Sent) => Response | Promise<Response>;

/** Stands in for every server outside; unstub the globals after each test. */
export function standIn(answer: Answering): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal("fetch", async (url: string, { method = "GET", headers, body }: RequestInit) => {
    const request = {
      url,
      method,
      headers: Object.fromEntries(new Headers(headers)),
      body: typeof body === "string" ? body : "",
    };
    sent.push(request);
    return answer(request);
  });
  return sent;
}

/** A receiver at one address, which can be away, slow to decide, or of another mind. */
export class Receiver {
  readonly url: string;
  status = 200;
  isAway = false;
  readonly got: Sent[] = [];

  constructor(url: string) {
    this.url = url;
  }

  answer(request: Sent): Response {
    this.got.push(request);
    if (this.isAway) throw new TypeError("connection refused");
    return new Response("thank you", { status: this.status });
  }

  /** What it was told and took, in order. */
  get events(): { id: string; type: string; data: Record<string, unknown>; time: string }[] {
    return this.got.map(({ body }) => JSON.parse(body));
  }

  /** Forgets what came so far. */
  clear(): void {
    this.got.length = 0;
  }
}

/** Lets these receivers be all there is outside. */
export const onlyReceivers = (...receivers: Receiver[]): Sent[] =>
  standIn((request) => {
    const receiver = receivers.find(({ url }) => url === request.url);
    if (!receiver) throw new TypeError(`nobody is at ${request.url}`);
    return receiver.answer(request);
  });
