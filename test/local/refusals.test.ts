import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTlsIdentity } from "../../src/local/certificates.ts";
import { openDataFolder } from "../../src/local/data-folder.ts";
import { openSecrets } from "../../src/local/secrets.ts";
import { cleanUp, newFolder, run } from "./server-process.ts";

afterAll(cleanUp);

const start = (data: string, args: string[] = [], nodeArgs: string[] = []) =>
  run("serve", ["--port", "0", "--https-port", "0", "--data", data, ...args], nodeArgs);

/** A start that is refused in this one line. */
const refusal = (line: string | RegExp) => ({
  code: 1,
  stdout: "",
  stderr: typeof line === "string" ? `npm start: ${line}\n` : expect.stringMatching(line),
});

/** A folder as a start leaves it, with one file as the test wants it. */
function folderWith(name: string, content: string | Buffer): string {
  const folder = openDataFolder(newFolder());
  openSecrets(folder, undefined);
  openTlsIdentity(folder, ["localhost"]);
  writeFileSync(folder.file(name), content);
  return folder.path;
}

const otherKey = () =>
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();

describe.concurrent("a start with a wrong setting names it and what it must be", () => {
  test.each([
    ["CHECK_MODE=foo", `CHECK_MODE must be one of auto, strict, relaxed, not "foo"`],
    ["DEVICE_TOKEN_LIFE_S=abc", `DEVICE_TOKEN_LIFE_S must be a whole number of at least 1, not "abc"`],
    ["DEVICE_LINK_LIFE_S=5", `DEVICE_LINK_LIFE_S must be a whole number from 60 to 86400, not "5"`],
    ["NOSUCHVAR=1", "NOSUCHVAR: no such setting; docs/operations.md lists them all"],
    ["OPERATOR_TOKEN=0123456789abcdef", "OPERATOR_TOKEN cannot be set: use --operator-token"],
    ["WORKFLOW_VARIABLES=secret", "WORKFLOW_VARIABLES must be a JSON object of texts"],
  ])("%s", async (pair, reason) => {
    expect(await start(newFolder(), ["--var", pair])).toEqual(refusal(`--var ${reason}`));
  });

  test("a key that is none", async () => {
    expect(await start(newFolder(), ["--var", "SIGNING_KEY_FALLBACK=garbage"])).toEqual(
      refusal(/^npm start: SIGNING_KEY_FALLBACK is not a PEM key \(Ed25519 or RSA\): [^\n]+\n$/),
    );
  });
});

describe.concurrent("a start on a damaged folder names the file and what to do", () => {
  test.each([
    [
      "signing-key.pem",
      "garbage",
      /is not a PEM private key \(Ed25519 or RSA\): put the old file back, or remove/,
    ],
    ["signing-key.pem", otherKey(), /is not a PEM private key \(Ed25519 or RSA\)/],
    ["operator-token", "", /does not hold a token of at least 16 characters: remove it .* --operator-token/],
    ["operator-token", "short\n", /does not hold a token of at least 16 characters/],
    [
      "ca.pem",
      "garbage",
      /is not a PEM certificate: put the old file back, or remove ca\.pem and ca-key\.pem/,
    ],
    ["ca-key.pem", "", /is not a PEM private key: put the old file back/],
    ["ca-key.pem", otherKey(), /is not the key of \S+ca\.pem: put the old file back/],
    ["server.json", "{", /is damaged: if no server runs on the folder, remove it/],
  ])("%s", async (name, content, reason) => {
    const data = folderWith(name, content);
    const ended = await start(data);
    expect(ended).toEqual(refusal(/^npm start: [^\n]+\n$/));
    expect(ended.stderr).toContain(`npm start: ${join(data, name)} `);
    expect(ended.stderr).toMatch(reason);
  });

  test("one half of the authority is missing", async () => {
    const data = folderWith("x", "");
    rmSync(join(data, "ca-key.pem"));
    expect(await start(data)).toEqual(
      refusal(/^npm start: \S+ca-key\.pem is missing: put the old file back/),
    );
  });

  test("a database is cut short, or no database at all", async () => {
    for (const damage of [
      (file: string) => truncateSync(file, 5000),
      (file: string) => writeFileSync(file, "x"),
    ]) {
      const data = newFolder();
      const folder = join(data, "state/d1/any");
      mkdirSync(folder, { recursive: true });
      const file = join(folder, "any.sqlite");
      const database = new DatabaseSync(file);
      database.exec("CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(50000))");
      database.close();
      damage(file);
      expect(await start(data)).toEqual(
        refusal(`${file} is damaged: put a copy of ${data} back, or choose another folder with --data`),
      );
    }
  });

  test("the folder is a file, or lies in one", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    expect(await start(file)).toEqual(
      refusal(`${file} is a file, not a folder: choose a folder with --data`),
    );
    const below = join(file, "data");
    expect(await start(below)).toEqual(
      refusal(`${below} lies in a file, not in a folder: choose a folder with --data`),
    );
  });

  test.each([
    ["EROFS", "is on a disk that can only be read: choose another folder with --data"],
    ["EACCES", "may not be used by this user: change its owner or mode"],
    ["ENOSPC", "is on a disk that is full: make room, or choose another folder with --data"],
  ])("the disk says %s", async (code, reason) => {
    const refusing = `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";
      fs.writeFileSync = () => { throw Object.assign(new Error("${code}"), { code: "${code}" }); };
      syncBuiltinESMExports();`;
    const data = newFolder();
    const disk = ["--import", `data:text/javascript,${encodeURIComponent(refusing)}`];
    expect(await start(data, [], disk)).toEqual(refusal(`${data} ${reason}`));
  });
});

describe("a start whose port is taken names the option that chooses another", () => {
  const server = createServer();
  let taken: string;

  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    taken = String(typeof address === "object" ? address?.port : 0);
  });

  afterAll(() => server.close());

  test.each(["--port", "--https-port", "--inspector-port"])("%s", async (option) => {
    const ports = { "--port": "0", "--https-port": "0", [option]: taken };
    const ended = await run("serve", [...Object.entries(ports).flat(), "--data", newFolder()]);
    expect(ended).toEqual(
      refusal(`127.0.0.1:${taken} is in use by another program; choose another with ${option}`),
    );
  });

  test("a host that is not of this machine", async () => {
    expect(await start(newFolder(), ["--host", "192.0.2.1"])).toEqual(
      refusal("192.0.2.1:0 is not an address of this machine; choose another with --host"),
    );
  });
});

test("what was wrong in detail is told to who asks for it", async () => {
  const quiet = await start(folderWith("ca.pem", "garbage"));
  expect(quiet.stderr).not.toContain("    at ");
  const verbose = await start(folderWith("ca.pem", "garbage"), ["--verbose"]);
  expect(verbose).toMatchObject({ code: 1, stderr: expect.stringContaining("    at ") });
});
