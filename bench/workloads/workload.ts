import type { Answer } from "../load/answer.ts";

/** One request of a device's turn. */
export interface Step {
  /** The request as it goes over the wire. */
  readonly bytes: string;
  /** What is wrong with the answer, if anything. Asked for a sample of the answers. */
  readonly problem: (answer: Answer) => string | undefined;
  /** What the device does next; nothing ends its turn. */
  readonly then?: (answer: Answer) => Step | undefined;
  /** How long the device waits before it sends this. */
  readonly waitMs?: number;
}

/** What a fleet does: turns of devices, of one request or of several that follow from each other. */
export interface Workload {
  /** Answers with any other status are faults of the run. */
  readonly allowed: readonly number[];
  /** The first step of the turn with this number; nothing when there are no more devices. */
  turn(number: number): Step | undefined;
}

const MARK = "edgemend-bench";

const KEPT = `Host: ${MARK}\r\nUser-Agent: ${MARK}\r\n`;

/** A request that ends in a token or in nothing. */
export const withoutBody = (method: string, path: string, token?: string): string =>
  `${method} ${path} HTTP/1.1\r\n${KEPT}${token === undefined ? "" : `Authorization: Bearer ${token}\r\n`}\r\n`;

export function withJson(method: string, path: string, headers: string, body: string): string {
  const length = Buffer.byteLength(body);
  return `${method} ${path} HTTP/1.1\r\n${KEPT}${headers}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

export const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`;
