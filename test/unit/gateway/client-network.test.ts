import { describe, expect, it } from "vitest";
import { behindTls, networkOfClient } from "../../../src/gateway/client-network.ts";
import type { Env } from "../../../src/platform/env.ts";

const asked: string[] = [];
const env = {
  LOCAL: "true",
  HOST_PROCESS: {
    fetch: async (url: string) => {
      asked.push(url);
      return url.endsWith("/5000") ? new Response("192.0.2.7") : new Response(null, { status: 404 });
    },
  },
} as unknown as Env;

const from = (clientIp: string) => Object.assign(new Request("http://a/"), { cf: { clientIp } });
const ctx = {} as ExecutionContext;

describe("the client of a local server", () => {
  it("is the peer of its connection, of which nobody is asked", async () => {
    expect(await networkOfClient(from("127.0.0.1:5000"), env, {})()).toBe("127.0.0.1");
    expect(await networkOfClient(from("198.51.100.1:5000"), env, {})()).toBe("198.51.100.1");
    expect(asked).toEqual([]);
  });

  it("is told by the process that accepted it where the TLS listener passes it on", async () => {
    const networkOver = (request: Request) => networkOfClient(request, env, ctx)();
    await behindTls(() => new Response())(from("127.0.0.1:5000"), env, ctx);
    expect(await networkOver(from("127.0.0.1:5000"))).toBe("192.0.2.7");
    expect(await networkOver(from("127.0.0.1:6000"))).toBe("127.0.0.1");
    expect(asked).toHaveLength(2);
  });
});
