import fc from "fast-check";
import { expect, it } from "vitest";
import { asTenantId } from "../../src/platform/ids.ts";
import { keepJournals } from "../../src/tenantdata/index.ts";
import { runSweeps } from "../../src/app/sweeps.ts";
import { aDevice, aTenant, aUser, type TestDevice } from "../support/actors.ts";
import { anArtifact, deploy, MANAGEMENT, poll, report } from "../support/deployments.ts";
import { DEVAUTH } from "../support/device-auth.ts";
import { LONG } from "../support/form.ts";
import { keptNow, restored, type Kept } from "../support/journal.ts";
import { Server } from "../support/server.ts";

const ACME = asTenantId("acme");

const deed = fc.oneof(
  ...(
    [
      "admit",
      "decommission",
      "report inventory",
      "group",
      "configure",
      "deploy",
      "poll",
      "report status",
      "log",
      "abort",
      "upload",
      "filter",
      "alert",
      "delete deployment",
    ] as const
  ).map((kind) =>
    fc.record({ kind: fc.constant(kind), which: fc.nat(3), how: fc.nat(3), afterMs: fc.nat(40_000) }),
  ),
);

type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** A tenant to which things happen. */
class Stage {
  readonly devices: TestDevice[] = [];
  readonly deployments: string[] = [];
  readonly #server: Server;
  readonly #token: string;
  readonly #user: Awaited<ReturnType<typeof aUser>>;
  #made = 0;

  constructor(server: Server, user: Awaited<ReturnType<typeof aUser>>) {
    this.#server = server;
    this.#user = user;
    this.#token = user.token;
  }

  #manage(method: string, path: string, json?: unknown) {
    return this.#server.call(method, path, { token: this.#token, ...(json !== undefined && { json }) });
  }

  #say(device: TestDevice, method: string, path: string, json: unknown) {
    return this.#server.call(method, `/api/devices/v1${path}`, { token: device.token, json });
  }

  async do({ kind, which, how }: Deed): Promise<void> {
    const server = this.#server;
    if (kind === "admit") this.devices.push(await aDevice(server, { tenant: ACME }));
    if (kind === "upload") await anArtifact(server, { tenant: ACME, name: `release-${how}` });
    if (kind === "filter")
      await this.#manage("POST", "/api/management/v2/inventory/filters", {
        name: `filter ${this.#made++}`,
        terms: [{ scope: "inventory", attribute: "a", type: "$eq", value: `${how}` }],
      });
    const device = this.devices[which % Math.max(1, this.devices.length)];
    if (!device) return;
    const deployment = this.deployments[how % Math.max(1, this.deployments.length)];
    switch (kind) {
      case "decommission":
        await this.#manage("DELETE", `${DEVAUTH}/devices/${device.id}`);
        await server.deliverEvents();
        break;
      case "report inventory":
        await this.#say(device, "PUT", "/inventory/device/attributes", [{ name: "a", value: `${how}` }]);
        break;
      case "group":
        await this.#manage("PUT", `/api/management/v1/inventory/devices/${device.id}/group`, {
          group: `g${how}`,
        });
        break;
      case "configure":
        await this.#say(device, "PUT", "/deviceconfig/configuration", { a: `${how}` });
        break;
      case "deploy": {
        const artifact_name = `release-${how}`;
        await anArtifact(server, {
          tenant: ACME,
          name: artifact_name,
          deviceTypes: [`type-${this.#made++}`, "pi4"],
        });
        const made = await deploy(server, this.#user, this.devices, { artifact_name }).catch(() => undefined);
        if (made !== undefined) this.deployments.push(made);
        break;
      }
      case "poll":
        await poll(server, device);
        break;
      case "report status":
        if (deployment !== undefined)
          await report(
            server,
            device,
            deployment,
            ["downloading", "installing", "success", "failure"][which]!,
          );
        break;
      case "log":
        if (deployment !== undefined)
          await this.#say(device, "PUT", `/deployments/device/deployments/${deployment}/log`, {
            messages: [
              { timestamp: "2026-11-21T00:19:31.120000Z", level: "error", message: `broke ${how % 2}` },
            ],
          });
        break;
      case "abort":
        if (deployment !== undefined)
          await this.#manage("PUT", `${MANAGEMENT}/${deployment}/status`, { status: "aborted" });
        break;
      case "delete deployment":
        if (deployment !== undefined) await this.#manage("DELETE", `${MANAGEMENT}/${deployment}`);
        await server.deliverEvents();
        break;
      case "alert":
        await this.#say(device, "POST", "/devicemonitor/alert", [
          {
            name: "down",
            level: how % 2 ? "OK" : "CRITICAL",
            timestamp: new Date(server.now).toISOString(),
            subject: {
              name: "crond",
              type: "systemd.unit",
              status: "gone",
              details: { description: "crond is gone" },
            },
          },
        ]);
        break;
    }
  }
}

it(
  "whatever happens to a tenant, its journal tells what it was at each minute",
  { timeout: 600_000 },
  async () => {
    const cut = fc.record({ kind: fc.constant("cut" as const), afterMs: fc.nat(40_000) });
    const history = fc.array(fc.oneof({ weight: 4, arbitrary: deed }, { weight: 1, arbitrary: cut }), {
      minLength: 15,
      maxLength: 40,
    });
    const property = fc.asyncProperty(history, async (deeds) => {
      const server = await Server.start();
      await aTenant(server, ACME);
      const stage = new Stage(server, await aUser(server, { tenant: ACME }));
      const keep = async () => runSweeps(await server.deps(), { journals: keepJournals });
      await stage.do({ kind: "admit", which: 0, how: 0, afterMs: 0 });
      await keep();
      server.advance(1);
      const moments: [ms: number, kept: Kept][] = [];
      for (const one of deeds) {
        // Often two things happen in the same millisecond.
        server.advance(one.afterMs < 10_000 ? 0 : one.afterMs);
        if (one.kind !== "cut") await stage.do(one);
        else {
          await keep();
          moments.push([server.now, await keptNow(ACME)]);
          server.advance(1);
        }
      }
      await keep();
      moments.push([server.now, await keptNow(ACME)]);
      for (const [ms, kept] of moments) expect(await restored(server, ACME, ms)).toEqual(kept);
    });
    await fc.assert(property, { numRuns: LONG ? 100 : 8 });
  },
);
