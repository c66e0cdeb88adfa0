import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { freePort } from "./local-server.ts";
import { runtimeOf } from "./process-cpu.ts";
import { LOOPBACK } from "./send.ts";

export interface BareWorker {
  port: number;
  runtimePid: number;
  stop: () => Promise<void>;
}

/** A Worker of a few lines in the runtime of a local server, reached as that one is: what the runtime itself costs. */
export async function startBare(
  folder: string,
  contents: string,
  bindings: Readonly<Record<string, unknown>>,
): Promise<BareWorker> {
  const port = await freePort();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: "bare",
          compatibilityDate: "2026-10-20",
          modules: [{ type: "ESModule", path: "bare.mjs", contents }],
          ...bindings,
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
