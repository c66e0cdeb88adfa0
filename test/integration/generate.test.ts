import { beforeEach, describe, expect, it } from "vitest";
import { readArtifact } from "../../src/artifact/read.ts";
import { forgetOldGenerations } from "../../src/releases/jobs.ts";
import { forgetOldJobs } from "../../src/workflows/jobs.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { ARTIFACTS, bucketObjects, formOf, noise, storageRows, type FormPart } from "../support/artifacts.ts";
import { type Answer, env, served, Server } from "../support/server.ts";
import { asOperator, jobOf, JOBS } from "../support/workflows.ts";

const GENERATE = `${ARTIFACTS}/generate`;
const ARGS = {
  filename: "app.conf",
  dest_dir: "/etc/app",
  software_filesystem: "data-partition",
  software_name: "myapp",
  software_version: "1.2",
};

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

interface Wanted {
  name?: string;
  types?: string;
  type?: string;
  args?: unknown;
  file?: Uint8Array<ArrayBuffer>;
  more?: FormPart[];
  /** Parts to leave out. */
  without?: string[];
}

const parts = ({
  name = "app-1.2",
  types = "dt1,dt2",
  type = "single_file",
  args = ARGS,
  ...rest
}: Wanted): FormData => {
  const all: FormPart[] = [
    ["name", name],
    ["description", "made by a test"],
    ["device_types_compatible", types],
    ["args", typeof args === "string" ? args : JSON.stringify(args)],
    ["type", type],
    ...(rest.more ?? []),
    ["file", rest.file ?? new Uint8Array(new TextEncoder().encode("hello\n"))],
  ];
  return formOf(all.filter(([part]) => !rest.without?.includes(part)));
};

const generate = (wanted: Wanted = {}, token: string | undefined = user.token): Promise<Answer> =>
  server.call("POST", GENERATE, { token, body: parts(wanted) });

const idOf = (answer: Answer): string => {
  expect([answer.status, answer.text]).toEqual([201, ""]);
  return answer.headers.get("location")!.split("/").at(-1)!;
};

const get = (path: string, token = user.token) => server.call("GET", path, { token });

async function download(id: string): Promise<Uint8Array> {
  const link = await get(`${ARTIFACTS}/${id}/download`);
  const response = await server.fetch(new Request(link.json<{ uri: string }>().uri));
  return new Uint8Array(await response.arrayBuffer());
}

describe("generating an artifact", () => {
  it("promises an id and keeps the promise with a readable single-file artifact [differs: generate-state, generated-unpacked]", async () => {
    const answer = await generate();
    const id = idOf(answer);
    expect(answer.headers.get("location")).toBe(`${GENERATE}/${id}`);
    expect((await get(`${ARTIFACTS}/${id}`)).status).toBe(404);
    const pending = await get(`${GENERATE}/${id}`);
    expect([pending.status, pending.json()]).toEqual([202, { id, status: "pending", progress: 0 }]);

    await server.deliverEvents();

    const shown = (await get(`${ARTIFACTS}/${id}`)).json();
    expect(shown).toMatchObject({
      id,
      name: "app-1.2",
      description: "made by a test",
      device_types_compatible: ["dt1", "dt2"],
      signed: false,
      artifact_provides: { artifact_name: "app-1.2", "data-partition.myapp.version": "1.2" },
      clears_artifact_provides: ["data-partition.myapp.*"],
    });
    const done = await get(`${GENERATE}/${id}`);
    expect([done.status, done.json()]).toEqual([200, { id, status: "done", progress: 100 }]);
    expect(done.headers.get("content-location")).toBe(`${ARTIFACTS}/${id}`);
    const bytes = await download(id);
    // The content as it is: nothing in the artifact is packed.
    expect(Buffer.from(bytes).includes("hello\n")).toBe(true);
    expect(Buffer.from(bytes).includes("data/0000.tar\0")).toBe(true);
    const read = await readArtifact(
      (async function* () {
        yield bytes;
      })(),
    );
    expect(read).toMatchObject({
      ok: true,
      artifact: {
        updates: [
          {
            type: "single-file",
            files: [
              { name: "dest_dir" },
              { name: "filename" },
              { name: "permissions" },
              { name: "app.conf", size: 6 },
            ],
          },
        ],
      },
    });
  });

  it("is a job that knows the id of the artifact alone [differs: generate-input]", async () => {
    const id = idOf(await generate());
    const [listed] = (await asOperator(server, "GET", JOBS)).json<{ id: string }[]>();
    const job = await jobOf(server, listed!.id);
    expect([job.workflowName, job.inputParameters]).toEqual([
      "generate_artifact",
      [
        { name: "artifact_id", value: id },
        { name: "tenant_id", value: "default" },
      ],
    ]);
  });

  it("shows the release, writes both audit entries and keeps one object only", async () => {
    const id = idOf(await generate());
    expect((await bucketObjects()).map(({ key }) => key)).toEqual([`default/${id}.tmp`]);
    await server.deliverEvents();
    const objects = await bucketObjects();
    expect(objects).toHaveLength(1);
    expect(objects[0]!.key).not.toContain(".tmp");
    const releases = await get("/api/management/v2/deployments/deployments/releases");
    expect(releases.json<unknown[]>()).toMatchObject([{ name: "app-1.2", artifacts_count: 1 }]);
    const { results } = await env.DB.prepare(
      "SELECT action, actor_id FROM audit_log WHERE object_id = ? ORDER BY action",
    )
      .bind(id)
      .all();
    expect(results).toEqual([
      { action: "generate", actor_id: user.id },
      { action: "upload", actor_id: user.id },
    ]);
  });

  it("uses the defaults of the original where args leave something out", async () => {
    const args = {
      filename: "some/dir/app.conf",
      dest_dir: "/etc",
      software_version: "",
      software_name: null,
    };
    const id = idOf(await generate({ args }));
    await server.deliverEvents();
    const shown = (await get(`${ARTIFACTS}/${id}`)).json();
    expect(shown).toMatchObject({
      artifact_provides: { "rootfs-image.single-file.version": "app-1.2" },
      clears_artifact_provides: ["rootfs-image.single-file.*"],
    });
  });

  it("ignores an unknown type and parts it does not know [differs: generate-types]", async () => {
    const id = idOf(
      await generate({
        type: "whatever",
        more: [
          ["unknown", "x"],
          ["size", "6"],
        ],
      }),
    );
    await server.deliverEvents();
    expect((await get(`${ARTIFACTS}/${id}`)).json()).toMatchObject({
      updates: [{ type_info: { type: "single-file" } }],
    });
  });

  it.each([
    ["script", ["app.conf"]],
    ["directory", ["dest_dir", "update.tar"]],
  ])("makes the payload of the update module %s [differs: generate-types]", async (type, files) => {
    const id = idOf(await generate({ type }));
    await server.deliverEvents();
    const { updates } = (await get(`${ARTIFACTS}/${id}`)).json<{
      updates: { type_info: { type: string }; files: { name: string }[] }[];
    }>();
    expect(updates.map(({ type_info, files }) => [type_info.type, files.map(({ name }) => name)])).toEqual([
      [type, files],
    ]);
  });

  it("makes a composition of packed images and a manifest, as its update module reads it [differs: generate-types]", async () => {
    const manifest = "services:\n  web:\n    image: nginx:1.27\n";
    const args = { project_name: "shop", manifest, software_filesystem: "data", software_name: "ignored" };
    const id = idOf(await generate({ type: "docker-compose", args }));
    await server.deliverEvents();
    expect((await get(`${ARTIFACTS}/${id}`)).json()).toMatchObject({
      artifact_provides: { artifact_name: "app-1.2", "data.mender-docker-compose.shop.version": "app-1.2" },
      clears_artifact_provides: ["*mender-docker-compose.*"],
      updates: [
        {
          type_info: { type: "docker-compose" },
          meta_data: [
            { Key: "project_name", Value: "shop" },
            { Key: "version", Value: "1" },
          ],
          files: [{ name: "images.tar.gz", size: 6 }, { name: "manifests.tar" }],
        },
      ],
    });
    const bytes = Buffer.from(await download(id));
    const at = bytes.indexOf("manifests/docker-compose.yml");
    expect(bytes.subarray(at + 512, at + 512 + manifest.length).toString()).toBe(manifest);
  });

  it("does not trim device types", async () => {
    const id = idOf(await generate({ types: "a, b" }));
    await server.deliverEvents();
    expect((await get(`${ARTIFACTS}/${id}`)).json()).toMatchObject({ device_types_compatible: ["a", " b"] });
  });

  it("carries a file of several parts unchanged", async () => {
    const file = noise(20 * 1024 * 1024 + 17);
    const id = idOf(await generate({ file }));
    await server.deliverEvents();
    const bytes = await download(id);
    const at = Buffer.from(bytes).indexOf(Buffer.from(file.subarray(0, 64)));
    expect(Buffer.from(bytes.subarray(at, at + file.length)).equals(Buffer.from(file))).toBe(true);
  });
});

describe("a form that cannot become an artifact", () => {
  const INVALID = "api: invalid form parameters: ";
  const withArgs = (args: Record<string, unknown>): Wanted => ({ args: { ...ARGS, ...args } });

  it.each<[string, Wanted, string]>([
    ["no file", { without: ["file"] }, "missing 'file' section"],
    ["no name", { without: ["name"] }, "name: cannot be blank."],
    ["an empty name", { name: "" }, "name: cannot be blank."],
    ["a long name", { name: "n".repeat(257) }, "name: the length must be between 1 and 256."],
    [
      "no device types",
      { without: ["device_types_compatible"] },
      "device_types_compatible: cannot be blank.",
    ],
    ["an empty device type", { types: "a,,b" }, "device_types_compatible: (1: cannot be blank.)."],
    ["no type", { without: ["type"] }, "type: cannot be blank."],
    ["no args", { without: ["args"] }, "can't parse 'args'"],
    ["args that are no JSON", { args: "{" }, "can't parse 'args'"],
    ["no file name", withArgs({ filename: "" }), "filename can't be empty"],
    ["a file name with a dash first", withArgs({ filename: "-rf" }), "filename must not start with '-'"],
    [
      "a file name with a line end",
      withArgs({ filename: "a\nb" }),
      "filename must not contain control characters",
    ],
    ["a long file name", withArgs({ filename: "f".repeat(257) }), "filename exceeds maximum length of 256"],
    [
      "a relative directory",
      withArgs({ dest_dir: "etc" }),
      "invalid artifact destination dir: need an absolute path",
    ],
    [
      "a directory that climbs",
      withArgs({ dest_dir: "/a/../b" }),
      "invalid artifact destination dir: path must not contain '..' components",
    ],
    [
      "a name that clashes",
      withArgs({ filename: "dest_dir" }),
      "filename must not be dest_dir: file already exists",
    ],
    [
      "a long version",
      withArgs({ software_version: "v".repeat(257) }),
      "software_version exceeds maximum length of 256",
    ],
    [
      "a composition without a project",
      { type: "docker-compose", args: { manifest: "image: a" } },
      "project_name must be 1 to 128 letters, digits, '_' or '-'",
    ],
    [
      "a composition whose project is a path",
      { type: "docker-compose", args: { project_name: "a/b", manifest: "image: a" } },
      "project_name must be 1 to 128 letters, digits, '_' or '-'",
    ],
    [
      "a composition without an image",
      { type: "docker-compose", args: { project_name: "a", manifest: "services: {}" } },
      "manifest must be a docker-compose file that names an image",
    ],
    [
      "a composition with too long a manifest",
      { type: "docker-compose", args: { project_name: "a", manifest: `image: a\n${"#".repeat(65_536)}` } },
      "manifest exceeds 65536 bytes",
    ],
    ["an artifact name with a dash first", { name: "-n" }, "artifact name must not start with '-'"],
  ])("is refused early: %s [differs: generate-refused-early]", async (_, wanted, text) => {
    expect(refusal(await generate(wanted))).toEqual([400, INVALID + text]);
    expect(await bucketObjects()).toEqual([]);
    expect(await storageRows()).toMatchObject({ objects: 0 });
  });

  it("refuses a file name with a space", async () => {
    expect((await generate(withArgs({ filename: "a b" }))).status).toBe(400);
  });

  it("ignores what comes after the file", async () => {
    const form = formOf([
      ["name", "late"],
      ["file", noise(10)],
      ["type", "single_file"],
    ]);
    expect((await server.call("POST", GENERATE, { token: user.token, body: form })).status).toBe(400);
  });

  it.each([
    ["too short", "7", 400, "unexpected EOF"],
    ["too long", "5", 413, "Artifact file too large"],
    ["over the limit", "268435457", 400, "Artifact file too large"],
  ])("refuses a file that is %s for its announced size", async (_, size, status, text) => {
    expect(refusal(await generate({ more: [["size", size]] }))).toEqual([status, text]);
    expect(await bucketObjects()).toEqual([]);
  });

  it("refuses a size that is no number", async () => {
    expect((await generate({ more: [["size", "6x"]] })).status).toBe(400);
  });

  it("refuses a body and a file over the configured limit", async () => {
    const small = { ...served, MAX_GENERATE_BYTES: "2000" };
    const send = (file: Uint8Array<ArrayBuffer>, headers = {}) =>
      server.call("POST", GENERATE, { token: user.token, headers, body: parts({ file }) }, small);
    expect(refusal(await send(noise(3000)))).toEqual([413, expect.stringMatching(/too large/)]);
    expect(refusal(await send(noise(10), { "Content-Length": "2001" }))).toEqual([
      413,
      "http: request body too large",
    ]);
    expect(await bucketObjects()).toEqual([]);
  });

  it("refuses other content types and a form that is cut off", async () => {
    const json = await server.call("POST", GENERATE, { token: user.token, json: {} });
    expect(json.status).toBe(415);
    const cut = await server.call("POST", GENERATE, {
      token: user.token,
      headers: { "Content-Type": "multipart/form-data; boundary=b" },
      body: '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx',
    });
    expect(cut.status).toBe(400);
  });

  it("refuses a name and device type that exist", async () => {
    await generate();
    await server.deliverEvents();
    expect(refusal(await generate({ types: "dt2,dt3" }))).toEqual([422, "Artifact not unique"]);
    expect((await generate({ types: "dt3" })).status).toBe(201);
  });
});

describe("a promise that cannot be kept", () => {
  it("tells the user why, keeps the source, and lets the source go with the job [differs: generate-state, generate-source]", async () => {
    const [first, second] = [idOf(await generate()), idOf(await generate())];
    await server.deliverEvents();
    expect((await get(`${GENERATE}/${first}`)).json()).toMatchObject({ status: "done" });
    const lost = await get(`${GENERATE}/${second}`);
    expect([lost.status, lost.json()]).toEqual([
      200,
      {
        id: second,
        status: "failed",
        progress: 0,
        error: "releases.generate: an artifact with the same name and depends already exists",
      },
    ]);
    expect((await bucketObjects()).some(({ key }) => key === `default/${second}.tmp`)).toBe(true);
    server.advance(31 * 86_400_000);
    await forgetOldJobs(await server.deps());
    await forgetOldGenerations(await server.deps());
    expect((await bucketObjects()).length).toBe(1);
    expect((await get(`${GENERATE}/${second}`, (await aUser(server)).token)).status).toBe(404);
    expect((await get(`${ARTIFACTS}/${first}`, (await aUser(server)).token)).status).toBe(200);
  });
});

describe("who may generate", () => {
  it("is a user that may upload", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const device = await aDevice(server);
    expect((await generate({}, "")).status).toBe(401);
    expect((await generate({}, device.token)).status).toBe(401);
    expect((await generate({}, observer.token)).status).toBe(403);
  });

  it("sees generations of its own tenant only", async () => {
    const id = idOf(await generate());
    const stranger = await aUser(server, { tenant: "other" });
    expect((await get(`${GENERATE}/${id}`, stranger.token)).status).toBe(404);
    expect((await get(`${GENERATE}/none`)).status).toBe(400);
  });
});
