import { inspect } from "node:util";
import { UsageError } from "./flags.ts";
import { readStartOptions, START_USAGE, type StartOptions } from "./start-options.ts";
import { openTlsIdentity } from "./certificates.ts";
import { runCrons } from "./cron.ts";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { checkDatabases } from "./database-files.ts";
import { DEFAULT_DATA } from "./find-server.ts";
import { keepMail, mailboxOf } from "./mailbox.ts";
import { certificateNames, localName, outwardName } from "./names.ts";
import { keptDatabases } from "./databases.ts";
import { OperatorClient } from "./operator-client.ts";
import { npmPid, onNpmGone } from "./parent.ts";
import { freePorts } from "./ports.ts";
import { adminNotice, readyJson, readyScreen } from "./ready-message.ts";
import type { Runtime } from "./runtime.ts";
import { checkFallbackKey, openSecrets } from "./secrets.ts";
import { removeServerFile, waitForFolder, writeServerFile } from "./server-file.ts";
import { firstAdminFile, setUp } from "./setup.ts";
import { reasonOf, StartLog } from "./start-log.ts";
import { TlsListener } from "./tls-listener.ts";

const STOP_WITHIN_MS = 10_000;

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function openUnusedFolder(path: string): Promise<DataFolder> {
  const folder = openDataFolder(path);
  const other = await waitForFolder(folder);
  if (other)
    throw new UsageError(`${folder.path} is in use by the server at ${other.url} (process ${other.pid})`);
  return folder;
}

function fireCrons(runtime: Runtime): () => void {
  const fire = (cron: string, at: Date): void => {
    runtime.fireCron(cron, at).catch((cause: unknown) => say(`cron ${cron} failed: ${String(cause)}`));
  };
  return runCrons(runtime.crons, fire);
}

interface LocalServer {
  /** What to tell the user. */
  ready: string;
  notice: string | undefined;
  stop: () => Promise<void>;
}

const LOOPBACK = "127.0.0.1";
const PORT_OPTIONS = ["--port", "--https-port", "--inspector-port"] as const;

/** Ports for HTTP, HTTPS, what the TLS listener passes on, and debuggers. */
async function findPorts({ host, port, httpsPort, inspectorPort }: StartOptions) {
  const [http, https, inspector] = PORT_OPTIONS;
  const wishes = [
    { host, port, option: http },
    { host, port: httpsPort, option: https },
    { host: LOOPBACK, port: 0, option: http },
  ] as const;
  if (inspectorPort === undefined) return freePorts(wishes);
  return freePorts([...wishes, { host: LOOPBACK, port: inspectorPort, option: inspector }] as const);
}

/** Everything that can be refused before the runtime is loaded, which takes its time. */
async function prepare(options: StartOptions) {
  checkFallbackKey(options.vars.SIGNING_KEY_FALLBACK);
  const folder = await openUnusedFolder(options.data);
  const secrets = openSecrets(folder, options.operatorToken);
  const tls = openTlsIdentity(folder, certificateNames(options.host, options.tlsNames));
  checkDatabases(folder);
  const [port, httpsPort, innerPort, inspectorPort] = await findPorts(options);
  return { folder, secrets, tls, port, httpsPort, innerPort, inspectorPort };
}

async function start(options: StartOptions, log: StartLog): Promise<LocalServer> {
  const { folder, secrets, tls, port, httpsPort, innerPort, inspectorPort } = await prepare(options);
  const [{ startRuntime }, { answerWorker }] = await Promise.all([
    import("./runtime.ts"),
    import("./host-process.ts"),
  ]);
  const name = localName(options.host);
  const [url, httpsUrl] = [`http://${name}:${port}`, `https://${name}:${httpsPort}`];
  const bindings = {
    ...options.vars,
    LOCAL: "true",
    LOCAL_HTTPS_PORT: String(httpsPort),
    LOCAL_ORIGIN: url,
    OPERATOR_TOKEN: secrets.operatorToken,
    SIGNING_KEY: secrets.signingKey,
  };
  const { host } = options;
  const listener = new TlsListener(tls, { host: LOOPBACK, port: innerPort });
  const runtimeOptions = {
    host,
    port,
    behindTls: { host: LOOPBACK, port: innerPort },
    inspectorPort,
    bindings,
    databases: keptDatabases(folder, options.databases),
    state: folder.state,
    answerWorker: answerWorker({
      peerAt: (peerPort) => listener.peerAt(peerPort),
      keepMail: (mail) => keepMail(mailboxOf(folder), mail),
    }),
    log: log.write,
  };
  const operator = new OperatorClient(url, secrets.operatorToken);
  const [runtime, setup] = await log.explaining(folder.path, async () => {
    const started = await startRuntime(runtimeOptions);
    return [started, await setUp(operator, folder, options.admin, log.write)];
  });
  await listener.listen({ host, port: httpsPort, option: "--https-port" });
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

  const outward = outwardName(options.host, options.tlsNames);
  const ready = {
    url,
    httpsUrl,
    outwardUrl: outward && `https://${outward}:${httpsPort}`,
    caFile,
    dataFolder: folder.path,
    mailFolder: mailboxOf(folder),
    dataFlag: options.data === DEFAULT_DATA ? [] : ["--data", options.data],
    admin: setup.admin,
    adminIsNew: setup.created,
    adminIgnored: setup.ignored,
    tenantToken: setup.tenantToken,
    operatorToken: secrets.operatorToken,
    seconds: process.uptime(),
  };
  return {
    ready: options.json ? `${readyJson(ready)}\n` : readyScreen(ready),
    notice: adminNotice(ready),
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

const log = new StartLog(say);

async function main(): Promise<void> {
  const options = readStartOptions(process.argv.slice(2));
  log.isVerbose = options.verbose;
  if (options.help) {
    process.stdout.write(START_USAGE);
    return;
  }
  const server = await start(options, log);
  const stopped = stopRequest();
  log.ready();
  if (server.notice !== undefined) say(`npm start: ${server.notice}`);
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
  say(`npm start: ${reasonOf(cause)}`);
  if (log.isVerbose && cause instanceof Error) say(inspect(cause));
  process.exit(1);
}
