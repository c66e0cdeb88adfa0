import { readStartOptions, START_USAGE, UsageError, type StartOptions } from "./args.ts";
import { openTlsIdentity } from "./certificates.ts";
import { runCrons } from "./cron.ts";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { certificateNames, localName, outwardName } from "./names.ts";
import { OperatorClient } from "./operator-client.ts";
import { npmPid, onNpmGone } from "./parent.ts";
import { freePort } from "./ports.ts";
import { readyJson, readyScreen } from "./ready-message.ts";
import type { Runtime } from "./runtime.ts";
import { openSecrets } from "./secrets.ts";
import { removeServerFile, waitForFolder, writeServerFile } from "./server-file.ts";
import { firstAdminFile, setUp } from "./setup.ts";
import { TlsListener } from "./tls-listener.ts";

const STOP_WITHIN_MS = 10_000;

const log = (line: string) => void process.stderr.write(`${line}\n`);

async function openUnusedFolder(path: string): Promise<DataFolder> {
  const folder = openDataFolder(path);
  const other = await waitForFolder(folder);
  if (other)
    throw new UsageError(`${folder.path} is in use by the server at ${other.url} (process ${other.pid})`);
  return folder;
}

function fireCrons(runtime: Runtime): () => void {
  const fire = (cron: string, at: Date): void => {
    runtime.fireCron(cron, at).catch((cause: unknown) => log(`cron ${cron} failed: ${String(cause)}`));
  };
  return runCrons(runtime.crons, fire);
}

interface LocalServer {
  /** What to tell the user. */
  ready: string;
  stop: () => Promise<void>;
}

async function start(options: StartOptions): Promise<LocalServer> {
  const folder = await openUnusedFolder(options.data);
  const secrets = openSecrets(folder, options.operatorToken);
  const tls = openTlsIdentity(folder, certificateNames(options.host, options.tlsNames));
  const listener = new TlsListener(tls);
  const httpsPort = await listener.listen(options.host, options.httpsPort);
  const port = await freePort(options.host, options.port);

  // Loaded only now: it is large, and what can be refused was refused at once.
  const [{ startRuntime }, { answerWorker }] = await Promise.all([
    import("./runtime.ts"),
    import("./host-process.ts"),
  ]);
  const runtime = await startRuntime({
    host: options.host,
    port,
    inspectorPort: options.inspectorPort,
    state: folder.state,
    answerWorker: answerWorker((peerPort) => listener.peerAt(peerPort)),
    bindings: {
      ...options.vars,
      LOCAL: "true",
      LOCAL_HTTPS_PORT: String(httpsPort),
      LOCAL_ADDRESS: options.host,
      OPERATOR_TOKEN: secrets.operatorToken,
      SIGNING_KEY: secrets.signingKey,
    },
    log,
  });

  const name = localName(options.host);
  const [url, httpsUrl] = [`http://${name}:${port}`, `https://${name}:${httpsPort}`];
  const setup = await setUp(new OperatorClient(url, secrets.operatorToken), folder, options.admin, log);
  listener.serve({ host: name.replace(/^\[|\]$/g, ""), port });
  const endCrons = fireCrons(runtime);
  const { caFile } = tls;
  writeServerFile(folder, {
    pid: process.pid,
    npmPid: npmPid(),
    url,
    httpsUrl,
    caFile,
    tenantToken: setup.tenantToken,
    operatorTokenFile: folder.file("operator-token"),
    firstAdminFile: firstAdminFile(folder),
  });

  const outward = outwardName(options.host);
  const ready = {
    url,
    httpsUrl,
    outwardUrl: outward && `https://${outward}:${httpsPort}`,
    caFile,
    dataFolder: folder.path,
    admin: setup.admin,
    adminIsNew: setup.created,
    tenantToken: setup.tenantToken,
    operatorToken: secrets.operatorToken,
    seconds: process.uptime(),
  };
  return {
    ready: options.json ? `${readyJson(ready)}\n` : readyScreen(ready),
    async stop() {
      endCrons();
      removeServerFile(folder);
      await listener.close();
      await runtime.stop();
    },
  };
}

/**
 * Resolves at the first request to stop. Further ones change nothing: a terminal and npm both pass Ctrl-C on. To be
 * called once the runtime is up, whose own handlers would end this process in the middle of an orderly stop.
 */
const stopRequest = () =>
  new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.removeAllListeners(signal);
      process.on(signal, () => resolve());
    }
    onNpmGone(resolve);
  });

async function main(): Promise<void> {
  const options = readStartOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(START_USAGE);
    return;
  }
  const server = await start(options);
  const stopped = stopRequest();
  process.stdout.write(server.ready);
  await stopped;
  setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
  await server.stop();
}

// Whoever reads the output may leave; that is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

try {
  await main();
  process.exit(0);
} catch (cause) {
  log(
    cause instanceof UsageError
      ? `npm start: ${cause.message}`
      : `npm start failed: ${cause instanceof Error ? cause.stack : String(cause)}`,
  );
  process.exit(1);
}
