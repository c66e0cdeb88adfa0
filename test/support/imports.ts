import { runImport } from "../../src/tenantdata/importing/imports.ts";
import { TENANT_TABLES } from "../../src/tenantdata/index.ts";
import { aFilledTenant, download, exported, operator, partsOf, type Filled } from "./archives.ts";
import { env, OPERATOR_TOKEN, type Answer, type Server } from "./server.ts";

export const IMPORTS = "/tenants/imports";

export interface ImportWire {
  id: string;
  state: string;
  step: string;
  tenant_id?: string;
  parts: number;
  parts_received?: number[];
  progress: { section?: string; sections_done: number; lines: number; rows: number; files: number };
  left_out: { users: number; addresses: string[]; memberships: number };
  error?: string;
}

/** A tenant that was copied into an archive and removed. */
export async function anArchive(
  server: Server,
  {
    tenant = "acme",
    fileBytes = 1000,
    objects = "included",
    prepare = async () => {},
  }: {
    tenant?: string;
    fileBytes?: number;
    objects?: string;
    prepare?: (filled: Filled) => Promise<void>;
  } = {},
): Promise<Filled & { bytes: Uint8Array }> {
  const filled = await aFilledTenant(server, tenant, { fileBytes });
  await prepare(filled);
  const { id } = await exported(server, filled.user.token, { objects });
  const bytes = await download(server, filled.user.token, id);
  return { ...filled, bytes };
}

export async function removeTenant(server: Server, tenant: string): Promise<void> {
  for (let gone = false; !gone;)
    gone = (await operator(server, "DELETE", `/tenants/${tenant}`)).json<{ gone: boolean }>().gone;
}

export const sendPart = (server: Server, id: string, part: number, bytes: Uint8Array): Promise<Answer> =>
  server.call("PUT", `/api/operator/v1${IMPORTS}/${id}/parts/${part}`, {
    token: OPERATOR_TOKEN,
    headers: { "Content-Length": String(bytes.length), "Content-Type": "application/octet-stream" },
    body: bytes as Uint8Array<ArrayBuffer>,
  });

export const begin = (server: Server, size: number): Promise<Answer> =>
  operator(server, "POST", IMPORTS, { size });

/** Sends an archive in parts; answers what the last of them is answered. */
export async function send(server: Server, bytes: Uint8Array): Promise<Answer> {
  const begun = await begin(server, bytes.length);
  if (begun.status !== 202) throw new Error(begun.text);
  const { id } = begun.json<ImportWire>();
  let answer = begun;
  for (const [i, part] of partsOf(bytes).entries()) {
    answer = await sendPart(server, id, i + 1, part);
    if (answer.status !== 200) return answer;
  }
  return answer;
}

export const showImport = async (server: Server, id: string): Promise<ImportWire> =>
  (await operator(server, "GET", `${IMPORTS}/${id}`)).json<ImportWire>();

/** Brings an archive in; answers how that ended. */
export async function imported(server: Server, bytes: Uint8Array): Promise<ImportWire> {
  const sent = await send(server, bytes);
  if (sent.status !== 200) throw new Error(sent.text);
  return showImport(server, sent.json<ImportWire>().id);
}

/** Tables that have rows of a tenant. */
export async function rowsOf(tenant: string, database: D1Database = env.DB): Promise<Record<string, number>> {
  const counts = await database.batch<{ n: number }>(
    TENANT_TABLES.map(({ name }) =>
      database.prepare(`SELECT count(*) AS n FROM ${name} WHERE tenant_id = ?`).bind(tenant),
    ),
  );
  return Object.fromEntries(
    TENANT_TABLES.flatMap(({ name }, i) => {
      const n = counts[i]?.results[0]?.n ?? 0;
      return n === 0 ? [] : [[name, n]];
    }),
  );
}

/** Names of all that is in the bucket. */
export const keysInBucket = async (): Promise<string[]> =>
  (await env.ARTIFACTS.list()).objects.map(({ key }) => key);

/** Begins without the work after the answer, wherever it goes. */
export async function held<T>(work: () => Promise<T>): Promise<T> {
  await env.DB.prepare(
    "CREATE TRIGGER held BEFORE UPDATE OF leased_ms ON tenant_imports WHEN NEW.leased_ms > 0 BEGIN SELECT RAISE(FAIL, 'held'); END",
  ).run();
  try {
    return await work();
  } finally {
    await env.DB.prepare("DROP TRIGGER held").run();
  }
}

/** As many calls as let a run begin one step. */
const ONE_STEP = 120;

/** An archive that was sent, whose import comes no further than to this step. */
export async function importedUntil(server: Server, bytes: Uint8Array, step: string): Promise<string> {
  const { id } = (await held(() => send(server, bytes))).json<ImportWire>();
  const deps = await server.deps();
  for (let tries = 0; (await showImport(server, id)).step !== step; tries++) {
    if (tries > 100) throw new Error(`the import does not come to ${step}`);
    await runImport(deps, id, ONE_STEP);
  }
  return id;
}
