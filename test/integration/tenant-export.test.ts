import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { SECTIONS } from "../../src/tenantdata/archive-format.ts";
import { schemaState } from "../../src/tenantdata/schema-state.ts";
import { ARCHIVE_PART_BYTES, EXPORT_LIFE_MS, KEPT_EXPORTS } from "../../src/tenantdata/limits.ts";
import { refusal } from "../support/answers.ts";
import { aUser } from "../support/actors.ts";
import {
  aFilledTenant,
  download,
  entriesOf,
  EXPORTS,
  exported,
  operator,
  rowsIn,
  TWO_PARTS,
  type ExportWire,
} from "../support/archives.ts";
import { consumeOrCrash, recover } from "../support/crash-stage.ts";
import { Moments } from "../support/crashing.ts";
import { stops } from "../support/form.ts";
import { env, Server } from "../support/server.ts";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

const jsonOf = (bytes: Uint8Array, entry: string) =>
  JSON.parse(
    new TextDecoder().decode(entriesOf(bytes).find(({ name }) => name === entry)?.content),
  ) as Record<string, unknown>;

const exportsInBucket = async () =>
  (await env.ARTIFACTS.list({ prefix: "exports/" })).objects.map(({ key }) => key);

describe("an export of a tenant", () => {
  it("has what it is, every row and file of the tenant and of no other, and a sum of each table", async () => {
    const { user, devices } = await aFilledTenant(server, "acme");
    await aFilledTenant(server, "other");
    const done = await exported(server, user.token);
    expect(done).toMatchObject({
      state: "done",
      progress: { sections_done: SECTIONS.length, sections: SECTIONS.length },
    });
    const bytes = await download(server, user.token, done.id);
    expect(bytes).toHaveLength(done.size);
    expect(jsonOf(bytes, "archive.json")).toMatchObject({
      format: "edgemend-tenant",
      version: 1,
      tenant: "acme",
      schema: schemaState(),
      objects: "included",
    });
    expect(rowsIn(bytes, "devices").map((row) => row.device_id)).toEqual(devices.map(({ id }) => id).sort());
    expect(rowsIn(bytes, "objects")).toMatchObject([{ tenant_id: "acme", state: "stored" }]);
    expect(rowsIn(bytes, "users")).toMatchObject([{ tenant_id: "acme", email: user.email }]);
    expect(rowsIn(bytes, "inventory_devices")[0]).not.toHaveProperty("device_no");
    expect(new TextDecoder().decode(bytes)).not.toContain('"other"');
    const { sections } = jsonOf(bytes, "checksums.json") as { sections: { name: string; lines: number }[] };
    expect(sections.map(({ name }) => name)).toEqual(SECTIONS);
    expect(new Set(SECTIONS).size).toBe(SECTIONS.length);
    expect(sections.find(({ name }) => name === "devices")).toMatchObject({
      lines: 3,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const { objects } = await env.ARTIFACTS.list({ prefix: "acme/" });
    const pieces = entriesOf(bytes).filter(({ name }) => /^files\/\d+\/\d+$/.test(name));
    expect(pieces.reduce((sum, { content }) => sum + content.length, 0)).toBe(
      objects.reduce((sum, { size }) => sum + size, 0),
    );
    const { results } = await env.DB.prepare("SELECT action, object_id, actor_email FROM audit_log").all();
    expect(results).toContainEqual({ action: "export", object_id: "acme", actor_email: user.email });
  });

  it("goes into the bucket in parts of one size, which hold whole entries [limit: ARCHIVE_PART_BYTES]", async () => {
    const { user } = await aFilledTenant(server, "acme", { fileBytes: TWO_PARTS });
    const done = await exported(server, user.token);
    expect(done).toMatchObject({ state: "done", progress: { parts: 1 } });
    const bytes = await download(server, user.token, done.id);
    expect(bytes.length).toBeGreaterThan(ARCHIVE_PART_BYTES);
    expect(entriesOf(bytes).at(-1)?.name).toBe("checksums.json");
    const { uri } = (await server.call("GET", `${EXPORTS}/${done.id}/download`, user)).json<{
      uri: string;
    }>();
    const range = await server.fetch(new Request(uri, { headers: { Range: "bytes=512-1023" } }));
    expect([range.status, new Uint8Array(await range.arrayBuffer())]).toEqual([206, bytes.slice(512, 1024)]);
  });

  it("names the files only where that is asked for", async () => {
    const { user } = await aFilledTenant(server, "acme");
    const done = await exported(server, user.token, { objects: "referenced" });
    const names = entriesOf(await download(server, user.token, done.id)).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("files/"))).toEqual(["files/00000001.json"]);
  });

  it("is made by the operator too, whose link is of nobody's right", async () => {
    await aFilledTenant(server, "acme");
    const asked = await operator(server, "POST", "/tenants/acme/exports");
    await server.deliverEvents();
    const { id } = asked.json<ExportWire>();
    const path = `/tenants/acme/exports/${id}`;
    expect((await operator(server, "GET", path)).json()).toMatchObject({ state: "done" });
    expect((await operator(server, "GET", "/tenants/acme/exports")).json()).toHaveLength(1);
    const { uri } = (await operator(server, "GET", `${path}/download`)).json<{ uri: string }>();
    expect((await server.call("GET", uri)).status).toBe(200);
    expect((await server.call("GET", uri.replace("acme", "other"))).status).toBe(403);
    expect((await operator(server, "DELETE", path)).status).toBe(204);
    expect((await server.call("GET", uri)).status).toBe(404);
    expect(await exportsInBucket()).toEqual([]);
    expect((await operator(server, "POST", "/tenants/none/exports")).status).toBe(404);
  });

  it("is for users with the permission, and a link ends with it", async () => {
    const { user } = await aFilledTenant(server, "acme");
    const observer = await aUser(server, { tenant: "acme", roles: ["RBAC_ROLE_OBSERVER"] });
    const stranger = await aUser(server, { tenant: "other" });
    const done = await exported(server, user.token);
    expect((await server.call("POST", EXPORTS, { token: observer.token })).status).toBe(403);
    expect((await server.call("GET", `${EXPORTS}/${done.id}`, stranger)).status).toBe(404);
    expect((await server.call("DELETE", `${EXPORTS}/${done.id}`, stranger)).status).toBe(404);
    const { uri } = (await server.call("GET", `${EXPORTS}/${done.id}/download`, user)).json<{
      uri: string;
    }>();
    await env.DB.prepare("DELETE FROM user_tokens WHERE user_id = ?").bind(user.id).run();
    expect(refusal(await server.call("GET", uri))).toEqual([403, "URL revoked"]);
    expect((await server.call("GET", uri.replace(/user=[^&]+/, `user=${observer.id}`))).status).toBe(403);
  });

  it("refuses what it does not know, a second one at once, and more than are kept [limit: KEPT_EXPORTS]", async () => {
    const user = await aUser(server, { tenant: "acme" });
    const ask = (json: object = {}) => server.call("POST", EXPORTS, { token: user.token, json });
    expect((await ask({ objects: "some" })).status).toBe(400);
    const first = (await ask()).json<ExportWire>();
    expect(first).toMatchObject({ state: "running", progress: { section: SECTIONS[0] } });
    expect((await ask()).status).toBe(409);
    expect((await server.call("GET", `${EXPORTS}/${first.id}/download`, user)).status).toBe(409);
    await server.deliverEvents();
    for (let kept = 1; kept < KEPT_EXPORTS; kept++) await exported(server, user.token);
    expect((await ask()).status).toBe(409);
    const page = await server.call("GET", `${EXPORTS}?per_page=2&page=3`, user);
    expect([page.json<ExportWire[]>().map(({ id }) => id), page.headers.get("x-total-count")]).toEqual([
      [first.id],
      String(KEPT_EXPORTS),
    ]);
    expect((await server.call("DELETE", `${EXPORTS}/${first.id}`, user)).status).toBe(204);
    expect((await ask()).status).toBe(202);
  });

  it("goes after its time [limit: EXPORT_LIFE_MS], and with its tenant", async () => {
    const user = await aUser(server, { tenant: "acme" });
    await exported(server, user.token);
    server.advance(EXPORT_LIFE_MS - 1);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    expect(await exportsInBucket()).toHaveLength(1);
    server.advance(1);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    expect(await exportsInBucket()).toEqual([]);
    expect((await operator(server, "GET", "/tenants/acme/exports")).json()).toEqual([]);
    await operator(server, "POST", "/tenants/acme/exports");
    await server.deliverEvents();
    expect((await operator(server, "DELETE", "/tenants/acme")).json()).toMatchObject({ gone: true });
    expect(await exportsInBucket()).toEqual([]);
  });

  it("tells why it failed when a file was changed under it", async () => {
    const { user } = await aFilledTenant(server, "acme", { fileBytes: TWO_PARTS });
    const asked = (await server.call("POST", EXPORTS, { token: user.token })).json<ExportWire>();
    const { results } = await env.DB.prepare("SELECT position FROM tenant_exports").all();
    expect(results).toHaveLength(1);
    const position = JSON.parse(String(results[0]?.position)) as Record<string, unknown>;
    const [object] = (await env.ARTIFACTS.list({ prefix: "acme/" })).objects;
    const cut = { key: object!.key, size: object!.size, etag: "another", offset: 0, pieces: 0 };
    const done = SECTIONS.slice(0, -1).map((name) => ({ name, lines: 0, sha256: "" }));
    const atObjects = { ...position, done, sum: { name: "files", lines: 1, sha256: "" }, pages: 1, cut };
    await env.DB.prepare("UPDATE tenant_exports SET position = ?").bind(JSON.stringify(atObjects)).run();
    await server.deliverEvents();
    expect((await server.call("GET", `${EXPORTS}/${asked.id}`, user)).json()).toMatchObject({
      state: "failed",
      error: expect.stringContaining("was changed while it was copied"),
    });
  });
});

describe("an export that is stopped", () => {
  it("goes on and comes to the same archive, wherever it was", async () => {
    const { user } = await aFilledTenant(server, "acme", { fileBytes: TWO_PARTS });
    const ask = async () => (await server.call("POST", EXPORTS, { token: user.token })).json<ExportWire>();
    /** What is not about the exports themselves, which differ; where files are cut depends on what is before them. */
    const contentOf = async ({ id }: ExportWire) => {
      const entries = entriesOf(await download(server, user.token, id));
      const isPiece = ({ name }: { name: string }) => /^files\/\d+\/\d+$/.test(name);
      const own = /^(archive|checksums)\.json$|^(audit_|usage|outbox|user_tokens)/;
      const pieces = entries.filter(isPiece).reduce((sum, { content }) => sum + content.length, 0);
      const rest = entries.filter((entry) => !isPiece(entry) && !own.test(entry.name));
      return [["pieces", pieces], ...rest.map(({ name, content }) => [name, content.length])];
    };
    const straight = await ask();
    const moments = new Moments();
    await consumeOrCrash(server, moments);
    const wanted = await contentOf(straight);
    await server.call("DELETE", `${EXPORTS}/${straight.id}`, user);
    expect(moments.count).toBeGreaterThan(SECTIONS.length);
    for (const stopAt of stops(moments.count, 5)) {
      const asked = await ask();
      expect(await consumeOrCrash(server, new Moments(stopAt))).toBe(true);
      await recover(server);
      expect(await contentOf(asked)).toEqual(wanted);
      await server.call("DELETE", `${EXPORTS}/${asked.id}`, user);
    }
    expect(await exportsInBucket()).toEqual([]);
  }, 120_000);
});
