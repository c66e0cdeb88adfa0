import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { authRequestOf, tokenOf, type FleetPlan } from "./device.ts";

/** A step through a range that visits every member once before any twice, far from the one before. */
const STRIDE = 7919;

export const spread = (turn: number, count: number): number => (turn * STRIDE) % count;

/** The devices of a bench with what they need to speak. Made once and then read, so that making costs no measured time. */
export class Members {
  readonly plan: FleetPlan;
  readonly #tokens: string[];
  readonly #authRequests = new Map<number, { body: string; signature: string }>();

  /** Reads the server's signing key from its data folder and signs what the server would sign. */
  constructor(plan: FleetPlan, data: string) {
    this.plan = plan;
    const serverKey = createPrivateKey(readFileSync(join(data, "signing-key.pem")));
    const issuedS = Math.floor(Date.now() / 1000) - 60;
    this.#tokens = Array.from({ length: plan.devices }, (_, index) => tokenOf(index, serverKey, issuedS));
  }

  readonly token = (index: number): string => {
    const token = this.#tokens[index];
    if (token === undefined) throw new Error(`there is no device ${index}`);
    return token;
  };

  authRequest(index: number): { body: string; signature: string } {
    const known = this.#authRequests.get(index);
    if (known) return known;
    const made = authRequestOf(index);
    this.#authRequests.set(index, made);
    return made;
  }

  /** Signs the requests of all devices that have keys. */
  signAll(): void {
    for (let index = 0; index < this.plan.keyHolders; index++) this.authRequest(index);
  }
}
