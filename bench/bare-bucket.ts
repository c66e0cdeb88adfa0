import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { freePort } from "./local-server.ts";
import { runtimeOf } from "./process-cpu.ts";
import { LOOPBACK } from "./send.ts";

const BARE_WORKER = `export default {
  async fetch(request, env) {
    const body = request.method === "POST" ? (await env.BUCKET.get("bare")).body : request.body;
    await env.BUCKET.put(request.method === "POST" ? "copy" : "bare", body);
    return new Response("ok");
  },
};`;

/** A server that puts a body into a bucket (PUT) or copies what it put last (POST), and does nothing else. */
export async function startBare(
  folder: string,
): Promise<{ port: number; runtimePid: number; stop: () => Promise<void> }> {
  const port = await freePort();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: "bare",
          compatibilityDate: "2026-10-20",
          modules: [{ type: "ESModule", path: "bare.mjs", contents: BARE_WORKER }],
          r2Buckets: ["BUCKET"],
          unsafeDirectSockets: [{ host: LOOPBACK, port }],
        },
      ],
      host: LOOPBACK,
      port: 0,
      resourcePersistencePath: folder,
      isolatedResourcePersistencePath: folder,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
    }),
  );
  await miniflare.ready;
  return { port, runtimePid: runtimeOf(process.pid) ?? 0, stop: () => miniflare.dispose() };
}
