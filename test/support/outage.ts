import type { Env } from "../../src/platform/env.ts";
import type { Server } from "./server.ts";

/** Each as the platform words it. */
const WORDS = {
  DB: "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
  ARTIFACTS: "put: We encountered an internal error. Please try again. (10001)",
  JOBS: "Queue send failed: internal error",
  TENANT_HEAD: "Durable Object storage operation exceeded timeout",
} as const;

export type Part = keyof typeof WORDS;
export const PARTS = Object.keys(WORDS) as Part[];

/** Parts of the platform that go away and come back while requests are on their way. */
export class Outage {
  readonly env: Env;
  #away: Part | undefined;

  constructor(server: Server) {
    this.env = {
      ...server.env,
      DB: this.#failing("DB", server.env.DB),
      ...(server.env.DATA_2 && { DATA_2: this.#failing("DB", server.env.DATA_2) }),
      ARTIFACTS: this.#failing("ARTIFACTS", server.env.ARTIFACTS),
      JOBS: this.#failing("JOBS", server.env.JOBS),
      TENANT_HEAD: this.#failing("TENANT_HEAD", server.env.TENANT_HEAD, (stub) =>
        this.#failing("TENANT_HEAD", stub),
      ),
    };
  }

  begin(part: Part): void {
    this.#away = part;
  }

  end(): void {
    this.#away = undefined;
  }

  /** Whatever waits for the part fails while it is away; what is only prepared does not wait. */
  #failing<T extends object>(part: Part, target: T, wrap?: (result: object) => object): T {
    return new Proxy(target, {
      get: (inner, name) => {
        const member: unknown = Reflect.get(inner, name, inner);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const isPreparing = ["prepare", "idFromName", "get"].includes(String(name)) && part !== "ARTIFACTS";
          if (this.#away === part && !isPreparing) return Promise.reject(new Error(WORDS[part]));
          const result: unknown = Reflect.apply(member, inner, args);
          return wrap && name === "get" ? wrap(result as object) : result;
        };
      },
    });
  }
}
