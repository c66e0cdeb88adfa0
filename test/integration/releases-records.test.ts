import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { artifact, HEADER_INFO, type Parts } from "../support/artifact-samples.ts";
import { ARTIFACTS, idOf, NO_ROWS, storageRows, upload } from "../support/artifacts.ts";
import { deploy, inInventory, poll } from "../support/deployments.ts";
import { Server } from "../support/server.ts";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const headerInfo = {
  ...HEADER_INFO,
  artifact_provides: { artifact_name: "release-2" },
  artifact_depends: { device_type: ["pi4"] },
};
const send = (parts: Parts) => upload(server, new Uint8Array(artifact({ headerInfo, ...parts })), user, []);

/** As many as a manifest of 10,000 lines can list, besides those of version and header. */
const FILES = 9_998;

describe("the record of an artifact", () => {
  it("holds as many files as the format may list, and is given to devices", async () => {
    const files = Array.from({ length: FILES }, (_, i) => ({ name: `file-${i}-${"n".repeat(40)}` }));
    const id = idOf(await send({ files }));
    const shown = (await server.call("GET", `${ARTIFACTS}/${id}`, { token: user.token })).json<{
      updates: { files: { name: string }[] }[];
    }>();
    expect(shown.updates[0]!.files).toHaveLength(FILES);
    const device = await aDevice(server);
    await inInventory(server, [device]);
    await deploy(server, user, [device]);
    expect((await poll(server, device)).json()).toMatchObject({ artifact: { id } });
  }, 60_000);

  it("holds meta-data of many hundred kilobytes", async () => {
    const value = "x".repeat(800_000);
    const id = idOf(await send({ metaData: JSON.stringify({ value }) }));
    const shown = (await server.call("GET", `${ARTIFACTS}/${id}`, { token: user.token })).json();
    expect(shown).toMatchObject({ updates: [{ metadata: { value } }] });
  });

  it("keeps a member of provides and depends named __proto__, which devices then need", async () => {
    const typeInfo =
      '{"type":"rootfs-image","artifact_provides":{"__proto__":"p"},"artifact_depends":{"__proto__":["d"]}}';
    const id = idOf(await send({ typeInfo }));
    const { text } = await server.call("GET", `${ARTIFACTS}/${id}`, { token: user.token });
    expect(text).toContain('"__proto__":"p"');
    expect(text).toContain('"__proto__":["d"]');
    const device = await aDevice(server);
    await inInventory(server, [device]);
    await deploy(server, user, [device]);
    expect((await poll(server, device)).status).toBe(204);
  });

  it("says what it holds when that is too much, and leaves nothing [differs: artifact-record]", async () => {
    const answer = await send({ metaData: JSON.stringify({ value: "x".repeat(1_000_000) }) });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringMatching(
        /^names of files, meta-data, provides and depends take 2\d{6} bytes in the record of the artifact, which holds 1900000$/,
      ),
    ]);
    expect(await storageRows()).toEqual(NO_ROWS);
  });
});
