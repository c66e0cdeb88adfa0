import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FIRST_RELEASE, tokenOf } from "../fleet/device.ts";
import type { Answer } from "../load/answer.ts";
import { Connection } from "../load/connection.ts";
import type { LocalServer } from "../local-server.ts";
import { updateCheck } from "../workloads/requests.ts";

const EVERY_MS = 100;

/** Asks for single devices, outside of what is measured. */
export class Probe {
  readonly #serverKey: KeyObject;
  readonly #connection: Connection;

  private constructor(serverKey: KeyObject, connection: Connection) {
    this.#serverKey = serverKey;
    this.#connection = connection;
  }

  static async open(server: LocalServer, data: string): Promise<Probe> {
    const serverKey = createPrivateKey(readFileSync(join(data, "signing-key.pem")));
    return new Probe(serverKey, await Connection.open(Number(new URL(server.url).port)));
  }

  ask(index: number, release = FIRST_RELEASE): Promise<Answer> {
    const token = tokenOf(index, this.#serverKey, Math.floor(Date.now() / 1000) - 60);
    return new Promise((answered) => this.#connection.send(updateCheck(token, release), answered));
  }

  /** Asks until the answer is as it must become, and fails if it has not in time. */
  async until(
    holds: (answer: Answer) => boolean,
    withinMs: number,
    ...check: Parameters<Probe["ask"]>
  ): Promise<void> {
    const end = performance.now() + withinMs;
    for (;;) {
      const answer = await this.ask(...check);
      if (holds(answer)) return;
      if (performance.now() > end)
        throw new Error(`device ${check[0]} is still answered ${answer.status} ${answer.body}`);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  close(): void {
    this.#connection.close();
  }
}
