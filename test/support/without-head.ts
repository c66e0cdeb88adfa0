import type { Env } from "../../src/platform/env.ts";
import type { Server } from "./server.ts";

const away = (): never => {
  throw new Error("Durable Object storage operation exceeded timeout");
};

/** Bindings of a server whose heads do not answer: everything is asked of the database. */
export const withoutHead = (server: Server): Env => ({
  ...server.env,
  TENANT_HEAD: {
    idFromName: () => ({}),
    get: () => ({
      check: away,
      digest: away,
      changed: away,
      note: away,
      lastSeen: away,
      rhythms: away,
      seenByHour: away,
      ages: away,
      wait: away,
      knownSet: away,
      rememberSet: away,
      report: away,
      keepReports: away,
      endReports: away,
    }),
  } as unknown as Env["TENANT_HEAD"],
});
