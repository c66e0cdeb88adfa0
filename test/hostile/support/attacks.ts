import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { DeviceSocket } from "../../../bench/device-socket.ts";
import { makeDeviceKeys } from "../../../src/device-simulator/device-keys.ts";
import { artifact, HEADER_INFO } from "../../support/artifact-samples.ts";
import { bombs } from "../../support/bombs.ts";
import { CATASTROPHIC } from "./regex-corpus.ts";
import { flood, type Stage, toldOf } from "./stage.ts";
import type { Sent } from "./wire.ts";

export interface Attack {
  /** Of the list of what once worked. */
  line: string;
  what: string;
  isShort?: boolean;
  /** Tells what it did; rejects if it worked. */
  attack: (stage: Stage, ms: number) => Promise<string>;
}

/** Five seconds, and the time to ask once more. */
const WITHIN_MS = 5500;
const BOMB_MIB = 1500;

const SEARCH = "/v2/inventory/filters/search";

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the attack worked: ${what}`);
}

const countOf = (answers: readonly Sent[]): string => {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return toldOf(counts);
};

/** What lies in a folder. */
function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.reduce(
    (sum, { parentPath, name }) =>
      sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/** Resolves to how long it took until it was so. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await isSo())) {
    must(performance.now() - started <= WITHIN_MS, `after ${WITHIN_MS} ms still not ${what}`);
    await wait(50);
  }
  return Math.round(performance.now() - started);
}

const regex: Attack = {
  line: "1",
  what: "searches and reports by expressions that stop engines, 8 at once",
  isShort: true,
  attack: (stage, ms) =>
    flood(8, ms, (turn) => {
      const value = CATASTROPHIC[turn % CATASTROPHIC.length];
      const filter = { scope: "inventory", attribute: `text-${turn % 40}`, type: "$regex", value };
      return turn % 2 === 0
        ? stage.manage("POST", SEARCH, { filters: [filter] })
        : stage.manage("POST", "/v1/reporting/devices/search", { filters: [filter] });
    }),
};

const badBox: Attack = {
  line: "1",
  what: "a report's page of 2^64 with a bad box",
  attack: async (stage) => {
    const bounds = { top_left: "x", bottom_right: null };
    const answer = await stage.manage("POST", "/v1/reporting/devices/search", {
      page: 2 ** 64,
      geo_bounding_box_filter: { geo_bounding_box: { location: bounds } },
    });
    must(answer.status === 400, `${answer.status} ${answer.text}`);
    return countOf([answer]);
  },
};

const halfAuthentications: Attack = {
  line: "2",
  what: "70 authentication requests half sent and held, again and again",
  isShort: true,
  attack: async (stage, ms) => {
    const endsAt = performance.now() + ms;
    let held = 0;
    while (performance.now() < endsAt) {
      const sockets = await stage.halfSent(70);
      held += sockets.length;
      await wait(Math.min(3000, ms));
      for (const socket of sockets) socket.destroy();
    }
    return `${held} held`;
  },
};

const halfReports: Attack = {
  line: "2",
  what: "one device holds 70 half-sent inventory reports; the others of its tenant report",
  attack: async (stage, ms) => {
    const path = "/api/devices/v1/inventory/device/attributes";
    const token = stage.device.token;
    const sockets = await stage.halfSent(70, { method: "PATCH", path, token });
    const neighbour = await stage.installation.device(stage.hostile);
    await neighbour.reportInventory();
    await wait(ms);
    await neighbour.reportInventory();
    neighbour.close();
    for (const socket of sockets) socket.destroy();
    return `${sockets.length} held, the neighbour's reports are taken`;
  },
};

const outlivingSocket: Attack = {
  line: "3",
  what: "a deleted user keeps the socket to a device",
  attack: async (stage) => {
    const { installation, hostile } = stage;
    const device = await installation.device(hostile);
    const base = `${installation.url}/api`;
    const deviceSide = await DeviceSocket.open(`${base}/devices/v1/deviceconnect/connect`, device.token);
    const { id, token } = await installation.manager(hostile.id);
    const path = `${base}/management/v1/deviceconnect/devices/${device.id}/connect`;
    const userSide = await DeviceSocket.open(path, token);
    const gone = await stage.manage("DELETE", `/v1/useradm/users/${id}`);
    must(gone.status === 204, `the deletion is answered ${gone.status}`);
    const tookMs = await until("closed", () => !userSide.isOpen);
    deviceSide.close();
    device.close();
    return `closed after ${tookMs} ms`;
  },
};

const outlivingLink: Attack = {
  line: "3",
  what: "a rejected device downloads on by its link",
  attack: async (stage) => {
    const { installation, hostile } = stage;
    const release = `r-${randomBytes(4).toString("hex")}`;
    const file = artifact({
      headerInfo: {
        ...HEADER_INFO,
        artifact_provides: { artifact_name: release },
        artifact_depends: { device_type: ["pi4"] },
      },
    });
    must((await uploaded(stage, file)).status === 201, "the upload is refused");
    const device = await installation.device(hostile);
    const id = device.id ?? "";
    await stage.manage("POST", "/v1/deployments/deployments", {
      name: release,
      artifact_name: release,
      devices: [id],
    });
    const link = (await device.askForUpdate())?.artifact.source.uri ?? "";
    const { pathname, search } = new URL(link);
    const download = () => stage.stranger.send("GET", pathname + search);
    must((await download()).status === 200, "the link does not work at all");
    await setStatus(stage, id, "rejected");
    const tookMs = await until("403", async () => (await download()).status === 403);
    device.close();
    return `403 after ${tookMs} ms`;
  },
};

function uploaded(
  stage: Stage,
  file: Uint8Array,
  path = "/api/management/v1/deployments/artifacts",
  token?: string,
) {
  const form = '--b\r\nContent-Disposition: form-data; name="artifact"; filename="a"\r\n\r\n';
  return stage.insider.send("POST", path, {
    token: token ?? stage.hostile.manager.token,
    headers: { "Content-Type": "multipart/form-data; boundary=b" },
    body: Buffer.concat([Buffer.from(form), file, Buffer.from("\r\n--b--\r\n")]),
  });
}

async function setStatus(stage: Stage, id: string, status: string): Promise<void> {
  const device = JSON.parse((await stage.manage("GET", `/v2/devauth/devices/${id}`)).text) as {
    auth_sets: { id: string }[];
  };
  const set = device.auth_sets[0]?.id ?? "";
  await stage.manage("PUT", `/v2/devauth/devices/${id}/auth/${set}/status`, { status });
}

const largeIdentities: Attack = {
  line: "4",
  what: "300 identities of 60 KB",
  isShort: true,
  attack: async (stage) => {
    const keys = makeDeviceKeys();
    const before = bytesBelow(stage.installation.data);
    const answers: Sent[] = [];
    for (let n = 0; n < 300; n++)
      answers.push(await stage.authenticate({ mac: String(n), junk: "x".repeat(60_000) }, keys));
    const grown = bytesBelow(stage.installation.data) - before;
    must(grown < 10_000_000, `the data grew by ${grown} bytes`);
    return `${countOf(answers)}; the data grew by ${Math.round(grown / 1024)} KiB`;
  },
};

const waitingFlood: Attack = {
  line: "4",
  what: "devices of 200 strangers, 8 at once",
  isShort: true,
  attack: async (stage, ms) => {
    const keys = makeDeviceKeys();
    const told = await flood(8, ms, (turn) =>
      stage.authenticate({ mac: randomBytes(6).toString("hex") }, keys, stage.strangerOf(turn)),
    );
    const waiting = JSON.parse(
      (await stage.manage("GET", "/v2/devauth/devices/count?status=pending")).text,
    ) as {
      count: number;
    };
    must(waiting.count <= 1000, `${waiting.count} devices wait`);
    return `${told}; ${waiting.count} wait`;
  },
};

const keyFlood: Attack = {
  line: "4",
  what: "300 keys for one known device",
  attack: async (stage) => {
    const answers: Sent[] = [];
    for (let n = 0; n < 300; n++) answers.push(await stage.authenticate(stage.device.identity));
    const { text } = await stage.manage("GET", `/v2/devauth/devices/${stage.device.id}`);
    const { auth_sets: sets } = JSON.parse(text) as { auth_sets: { status: string }[] };
    const waiting = sets.filter(({ status }) => status === "pending").length;
    must(waiting <= 10, `${waiting} keys wait`);
    return `${countOf(answers)}; ${waiting} keys wait`;
  },
};

const poisonedUpload: Attack = {
  line: "5",
  what: "uploads for tenants that cannot be, then the sweep",
  attack: async (stage) => {
    const { operatorToken } = stage.installation;
    const names = ["x".repeat(1000), "nobody", "%00", "..%2f..", "a%2fb", "%F0%9F%9A%80"];
    const answers: Sent[] = [];
    for (const name of names) {
      const path = `/api/internal/v1/deployments/tenants/${name}/artifacts`;
      answers.push(await uploaded(stage, artifact(), path, operatorToken));
    }
    must(
      answers.every(({ status }) => status >= 400 && status < 500),
      countOf(answers),
    );
    const sweep = await stage.insider.json("POST", "/api/operator/v1/sweep-uploads", operatorToken);
    must(sweep.status < 300, `the sweep is answered ${sweep.status}`);
    return `${countOf(answers)}; sweep ${sweep.status}`;
  },
};

const guessing: Attack = {
  line: "6",
  what: "24 threads of wrong passwords for a known user, who logs in beside them",
  isShort: true,
  attack: async (stage, ms) => {
    const { email } = stage.known.manager;
    const [told, right] = await Promise.all([
      flood(24, ms, (turn) => stage.installation.logIn(email, `wrong ${turn}`, stage.stranger)),
      wait(ms / 2).then(() => stage.installation.logIn(email)),
    ]);
    must(right.status === 200, `the right user is answered ${right.status} ${right.text}`);
    return `${told}; the right user: 200 after ${Math.round(right.ms)} ms`;
  },
};

const managers: Attack = {
  line: "7",
  what: "one tenant's managers search, export and aggregate, 16 at once",
  isShort: true,
  attack: (stage, ms) => {
    const asks: [string, string, object?][] = [
      ["POST", SEARCH, { per_page: 500, sort: [{ scope: "inventory", attribute: "text-1", order: "asc" }] }],
      ["POST", "/v2/inventory/filters/search/export?format=csv", {}],
      [
        "POST",
        "/v1/reporting/devices/aggregate",
        { aggregations: [{ name: "n", scope: "inventory", attribute: "text-1" }] },
      ],
      ["GET", "/v1/auditlogs/logs?per_page=500"],
    ];
    return flood(16, ms, (turn) => {
      const [method, path, body] = asks[turn % asks.length]!;
      return stage.manage(method, path, body);
    });
  },
};

const bombing: Attack = {
  line: "8",
  what: "artifacts that unpack to 1.5 GB, 4 at once",
  attack: (stage, ms) => {
    const files = bombs(BOMB_MIB).filter(([what]) => /^(gzip|zstd|xz)/.test(what));
    return flood(4, ms, (turn) => uploaded(stage, files[turn % files.length]![1]));
  },
};

const observer: Attack = {
  line: "9",
  what: "an observer overwrites the tenant's settings and reads configuration",
  attack: async (stage) => {
    const { token } = await stage.installation.manager(stage.hostile.id, ["RBAC_ROLE_OBSERVER"]);
    const write = await stage.insider.json("POST", "/api/management/v1/useradm/settings", token, {
      gone: true,
    });
    must(write.status === 403, `the settings are answered ${write.status}`);
    const upload = await uploaded(stage, artifact(), undefined, token);
    must(upload.status === 403, `the upload is answered ${upload.status}`);
    return `settings ${write.status}, upload ${upload.status}`;
  },
};

const weakKeys: Attack = {
  line: "10",
  what: "keys that anybody can sign for",
  attack: async (stage) => {
    const small = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.alloc(32)]);
    const rsa = generateKeyPairSync("rsa", { modulusLength: 512 }).publicKey;
    const pem = (der: Buffer) =>
      `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
    const answers: Sent[] = [];
    for (const publicPem of [pem(small), rsa.export({ format: "pem", type: "spki" }).toString()]) {
      const sign = () => Buffer.alloc(64).toString("base64");
      const keys = { publicPem, privatePem: "", sign };
      answers.push(await stage.authenticate({ mac: randomBytes(6).toString("hex") }, keys));
    }
    must(
      answers.every(({ status }) => status === 400 || status === 401),
      countOf(answers),
    );
    return countOf(answers);
  },
};

const noise: Attack = {
  line: "11",
  what: "names of objects, hosts that are none, and clients that hang up",
  isShort: true,
  attack: (stage, ms) =>
    flood(8, ms, async (turn) => {
      if (turn % 3 === 0) return stage.manage("GET", "/v1/inventory/presence?id=constructor&id=__proto__");
      const [socket] = await (turn % 3 === 1
        ? stage.halfSent(1)
        : [
            await stage.stranger.begin(
              "GET /api/management/v1/inventory/devices HTTP/1.1\r\nHost: a b\r\n\r\n",
            ),
          ]);
      socket?.destroy();
      return 0;
    }).then((told) => told.replace("no answer", "hung up")),
};

const enrolments: Attack = {
  line: "12",
  what: "16 enrolments of one identity at once, again and again",
  attack: async (stage, ms) => {
    const answers: Sent[] = [];
    const endsAt = performance.now() + ms;
    for (let round = 0; performance.now() < endsAt; round++) {
      const [identity, keys] = [{ mac: randomBytes(6).toString("hex") }, makeDeviceKeys()];
      const enrol = () => stage.authenticate(identity, keys, stage.strangerOf(round));
      answers.push(...(await Promise.all(Array.from({ length: 16 }, enrol))));
      await wait(500);
    }
    must(
      answers.every(({ status }) => status < 500),
      countOf(answers),
    );
    return countOf(answers);
  },
};

export const ATTACKS: readonly Attack[] = [
  regex,
  badBox,
  halfAuthentications,
  halfReports,
  outlivingSocket,
  outlivingLink,
  largeIdentities,
  keyFlood,
  waitingFlood,
  poisonedUpload,
  guessing,
  managers,
  bombing,
  observer,
  weakKeys,
  noise,
  enrolments,
];
