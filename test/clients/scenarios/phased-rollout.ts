import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

const BOARD = "phased-board";

/** What of a payload the fragile device cannot take. */
const TOO_NEW = "needs sensor 2";

/** Two phases whose canaries come first; the second waits for both of them to tell of success. */
const careful = (canaries: string[], revertTo: string) => ({
  phases: [{ batch_size_devices: 2 }, {}],
  rollout: {
    canaries,
    gates: [{ phase: 2, success: { percent: 100, results: 2 } }],
    stop: [{ devices: 1 }],
    on_stop: { action: "revert", artifact_name: revertTo },
  },
});

/** A rollout in two phases: its second canary fails, it halts and is reverted, and the fixed release goes through. */
export async function phasedRollout(bench: Bench): Promise<void> {
  const { operator } = bench;
  const devices = ["sound", "fragile", "later"].map((name) =>
    bench.device({ name: `${name}-device`, deviceType: BOARD }),
  );
  const [sound, fragile, later] = devices as [(typeof devices)[0], (typeof devices)[0], (typeof devices)[0]];
  const refusal = `if grep -q '${TOO_NEW}' "$2"/files/*; then echo sensor 17 does not answer >&2; exit 3; fi`;
  fragile.addModule("note", `${refusal}; ${fragile.keepingPayload}`);
  const admitted = await Promise.all(devices.map((device) => bench.admit(device)));
  const ids = admitted.map(({ id }) => id);
  const [soundId, fragileId, laterId] = ids as [string, string, string];
  const contents = { "phased-1": "works", "phased-2": `${TOO_NEW}`, "phased-3": "works better" };
  for (const [name, text] of Object.entries(contents))
    await bench.publish({ name, deviceType: BOARD, module: "note", bytes: Buffer.from(text) });

  const first = await operator.deploy("phased-1", ids);
  for (const id of ids) await operator.becomes(first, id, "success");

  // One canary after the other, so that the first is through when the second fails.
  await fragile.stop();
  const canaries = [soundId, fragileId];
  const bad = await operator.deploy("phased-2", ids, { name: "bad", ...careful(canaries, "phased-1") });
  await operator.becomes(bad, soundId, "success");
  fragile.start();
  await operator.becomes(bad, fragileId, "failure");
  await operator.finished(bad);
  assert.equal(await operator.outcome(bad, laterId), undefined);
  assert.deepEqual(await operator.statistics(bad), { success: 1, failure: 1, aborted: 1 });

  const revert = await until("the revert", async () => {
    const made = await operator.get<{ id: string; name: string }[]>(
      "/v1/deployments/deployments?search=revert",
    );
    return made.find(({ name }) => name === "revert of bad")?.id;
  });
  await operator.becomes(revert, soundId, "success");
  assert.equal(String(sound.installed), contents["phased-1"]);
  await operator.finished(revert);
  const known = await until("the failure's group", async () => {
    const path = `/v1/deployments/deployments/${bad}/failures`;
    return (await operator.get<{ ending: string; devices: number }[]>(path))[0];
  });
  assert.equal(known.devices, 1);

  const good = await operator.deploy("phased-3", ids, { name: "good", ...careful(canaries, "phased-1") });
  for (const id of ids) await operator.becomes(good, id, "success");
  await operator.finished(good);
  for (const device of [sound, fragile, later]) assert.equal(String(device.installed), contents["phased-3"]);
  assert.deepEqual(await operator.statistics(good), { success: 3 });
}
