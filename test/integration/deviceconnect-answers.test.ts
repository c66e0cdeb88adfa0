import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";
import { connectFake, DEVICECONNECT, uploadForm } from "../support/sockets.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const call = (method: string, path: string, body?: BodyInit) =>
  server.call(method, `${DEVICECONNECT}/devices/${path}`, { token: user.token, ...(body && { body }) });

const told = (answer: Answer) => [answer.status, answer.json().error];

const ONE_BYTE = new Uint8Array(1);

/** Of this tenant, and of nobody. */
const devices = () => [device.id, "nosuchdevice"];

describe("input is looked at before the state of the device", () => {
  it.each([
    [{}, ONE_BYTE, "path: cannot be blank."],
    [{ path: "tmp/a" }, ONE_BYTE, "path: must be absolute."],
    [{ path: "/tmp/a", mode: "9" }, ONE_BYTE, "mode: must be a number."],
    [{ path: "/tmp/a", uid: "root" }, ONE_BYTE, "uid: must be a number."],
    [{ path: "/tmp/a" }, undefined, "file: upload file is required."],
  ])("upload of %j", async (fields, content, text) => {
    for (const id of devices())
      expect(told(await call("PUT", `${id}/upload`, uploadForm(fields, content)))).toEqual([400, text]);
  });

  it("download of a relative path, and of none", async () => {
    for (const id of devices()) {
      for (const query of ["?path=etc/hosts", ""])
        expect(told(await call("GET", `${id}/download${query}`))).toEqual([400, "path: must be absolute."]);
    }
  });
});

describe("a device that is not connected, known or not,", () => {
  it("takes no files", async () => {
    for (const id of devices()) {
      const [sent, fetched] = [
        await call("PUT", `${id}/upload`, uploadForm({ path: "/a" }, ONE_BYTE)),
        await call("GET", `${id}/download?path=/a`),
      ];
      expect([told(sent), told(fetched)]).toEqual([
        [409, "device disconnected"],
        [409, "device disconnected"],
      ]);
      expect((await call("HEAD", `${id}/download?path=/a`)).status).toBe(409);
    }
  });

  it.each(["check-update", "send-inventory"])("cannot be asked for %s", async (typ) => {
    for (const id of devices()) {
      expect(told(await call("POST", `${id}/${typ}`))).toEqual([409, "device not connected"]);
      const path = `/api/internal/v1/deviceconnect/tenants/default/devices/${id}/${typ}`;
      const internal = await server.call("POST", path, { token: OPERATOR_TOKEN });
      expect(told(internal)).toEqual([409, "device not connected"]);
    }
  });

  it("is not there to connect to, upgrade or not", async () => {
    for (const id of devices())
      expect(told(await call("GET", `${id}/connect`))).toEqual([
        404,
        "failed to connect to device: device disconnected",
      ]);
  });
});

it("a connection that is no upgrade is 400 for whoever could connect", async () => {
  await connectFake(server, device);
  expect(told(await call("GET", `${device.id}/connect`))).toEqual([400, "expected a WebSocket upgrade"]);
  const answer = await server.call("GET", "/api/devices/v1/deviceconnect/connect", { token: device.token });
  expect(told(answer)).toEqual([400, "expected a WebSocket upgrade"]);
});

describe("names of files in headers [differs: device-file-names]", () => {
  it.each([
    ["/tmp/with blank.txt", "/tmp/with blank.txt", "with blank.txt"],
    ["/tmp/Größe 100%.txt", "/tmp/Größe 100%.txt", "Größe 100%.txt"],
    ["/tmp/日本.txt", "/tmp/日本.txt", "日本.txt"],
    ['/tmp/a"b\\c', '/tmp/a"b\\c', 'a\\"b\\\\c'],
    ["/tmp/a\r\nX-Evil: 1", "/tmp/a%0D%0AX-Evil: 1", "a%0D%0AX-Evil: 1"],
  ])("%j are as they are", async (path, inPath, inName) => {
    const { fake } = await connectFake(server, device);
    fake.files.set(path, ONE_BYTE);
    const answer = await call("HEAD", `${device.id}/download?path=${encodeURIComponent(path)}`);
    expect([answer.status, answer.headers.get("x-men-file-path")]).toEqual([200, inPath]);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="${inName}"`);
    expect(answer.headers.has("x-evil")).toBe(false);
  });
});
