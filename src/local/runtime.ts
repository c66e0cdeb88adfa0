import { join } from "node:path";
import {
  convertV4MiniflareOptions,
  CoreHeaders,
  Log,
  LogLevel,
  Miniflare,
  type Request,
  type Response,
} from "miniflare";
import { settingProblems } from "../platform/env.ts";
import { UsageError } from "./flags.ts";
import { projectRoot } from "./data-folder.ts";
import { buildConsole } from "./console-files.ts";
import { copyPublicFiles } from "./public-files.ts";
import { guardRuntime } from "./runtime-guard.ts";
import { checkFallbackKey } from "./secrets.ts";
import { builtWorker, type WorkerOptions } from "./worker.ts";

export interface RuntimeOptions {
  host: string;
  port: number;
  /** Where the TLS listener passes requests on to. */
  behindTls: { host: string; port: number };
  inspectorPort: number | undefined;
  /** How many databases there are. */
  databases: number;
  /** Folder for databases and objects. */
  state: string;
  bindings: Record<string, string>;
  /** Answers what the Worker asks of this process. */
  answerWorker: (request: Request) => Promise<Response>;
  /** One line of the Worker's own log. */
  log: (line: string) => void;
}

export interface Runtime {
  crons: readonly string[];
  fireCron: (cron: string, scheduledTime: Date) => Promise<void>;
  /** The database as the Worker has it. */
  database: () => Promise<D1Database>;
  stop: () => Promise<void>;
}

/** The Worker's name in the runtime. */
const WORKER = "edgemend";
/** A Worker for the static files alone: in front of the other one they would hold up every request. */
const FILES_WORKER = "public-files";

/** Static files on a Worker of their own, which has nothing else to ask. */
function filesWorkerOf(assets: WorkerOptions["assets"], compatibilityDate = "") {
  const contents = "export default {}";
  return {
    name: FILES_WORKER,
    compatibilityDate,
    modules: [{ type: "ESModule" as const, path: join(projectRoot, "public-files.mjs"), contents }],
    ...(assets && {
      assets: { ...assets, run_worker_first: false, routerConfig: { has_user_worker: false } },
    }),
  };
}

async function workersOf(options: RuntimeOptions) {
  const { options: configured, contents } = await builtWorker();
  const { assets, modulesRules: _, ...worker } = configured;
  const bindings = { ...worker.bindings, ...options.bindings };
  const [problem] = settingProblems(bindings);
  if (problem !== undefined) throw new UsageError(`[vars] of wrangler.toml: ${problem}`);
  checkFallbackKey(bindings.SIGNING_KEY_FALLBACK);
  const gateway = {
    ...worker,
    name: WORKER,
    rootPath: projectRoot,
    modules: [{ type: "ESModule" as const, path: join(projectRoot, "gateway.mjs"), contents }],
    bindings,
    d1Databases: { ...worker.d1Databases, ...furtherDatabases(options.databases) },
    queueConsumers: takingMore(worker.queueConsumers),
    serviceBindings: { HOST_PROCESS: options.answerWorker, ASSETS: FILES_WORKER },
    // Requests reach the Worker without passing Miniflare's own entry Worker, which costs several times more.
    unsafeDirectSockets: [
      { host: options.host, port: options.port },
      { ...options.behindTls, entrypoint: "tls" },
    ],
  };
  return { gateway, files: filesWorkerOf(assets, worker.compatibilityDate) };
}

/** Beside the first one, which `wrangler.toml` names. */
const furtherDatabases = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count - 1 }, (_, i) => [`DATA_${i + 2}`, `edgemend-${i + 2}`]));

/** Messages of a batch of the local queue. */
const LOCAL_BATCH = 100;

/**
 * The platform has many consumers of a queue at once, and here is one, which begins no batch before all work of the last has
 * ended: what would be in several batches there is in one.
 */
const takingMore = (consumers: WorkerOptions["queueConsumers"] = {}) =>
  Object.fromEntries(
    Object.entries(consumers).map(([name, consumer]) => [name, { ...consumer, maxBatchSize: LOCAL_BATCH }]),
  );

/**
 * Waste is collected when the memory has grown by a third, not when it is several times as large: nothing is answered
 * meanwhile, which took up to a second in a flood of refused calls.
 */
function collectInSmallSteps(): void {
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--heap-growing-percent=30 --max-semi-space-size=32";
}

/**
 * Miniflare lets a header of the request say what the platform tells about the client, which is right for its own entry
 * Worker and wrong for a socket that anyone reaches. Without that header the runtime tells the true peer.
 */
function trustNoClientAboutItself(): void {
  Object.defineProperty(CoreHeaders, "CF_BLOB", { value: undefined });
}

/**
 * The Worker in the real runtime, configured by `wrangler.toml` alone. The only place that knows Miniflare, whose
 * interface is a beta.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  trustNoClientAboutItself();
  collectInSmallSteps();
  copyPublicFiles();
  await buildConsole();
  const { gateway, files } = await workersOf(options);
  const endGuard = guardRuntime();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [gateway, files],
      host: "127.0.0.1",
      port: 0,
      ...(options.inspectorPort !== undefined && { inspectorPort: options.inspectorPort }),
      resourcePersistencePath: options.state,
      isolatedResourcePersistencePath: options.state,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => options.log(message),
    }),
  );
  await miniflare.ready;
  const fetcher = await miniflare.getWorker(WORKER);
  return {
    crons: gateway.cronTriggers ?? [],
    async fireCron(cron, scheduledTime) {
      await fetcher.scheduled({ cron, scheduledTime });
    },
    database: () => miniflare.getD1Database("DB", WORKER) as Promise<unknown> as Promise<D1Database>, // the same interface by another name
    async stop() {
      endGuard();
      await miniflare.dispose();
    },
  };
}
