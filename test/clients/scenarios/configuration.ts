import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

type Values = Record<string, string>;

/** Values an operator sets get to the device and come back from it; those the device refuses do neither. */
export async function configuration(bench: Bench): Promise<void> {
  const { operator } = bench;
  const name = "configured-device";
  const { address: busAddress } = await bench.bus(name);
  const device = bench.device({ name, deviceType: "configured-board", busAddress });
  const folder = device.addConfiguration('if grep -q Atlantis "$1"; then echo no such place >&2; exit 1; fi');
  const file = join(folder, "device-config.json");
  const onDevice = () => JSON.parse(readFileSync(file, "utf8")) as Values;
  const { id } = await bench.admit(device);
  await operator.joinGroup(id, "configured");

  const records = "/v1/deviceconfig/configurations";
  const set = (values: Values) => operator.call("PUT", `${records}/device/${id}`, values);
  const deploy = async () => {
    const answer = await operator.call("POST", `${records}/device/${id}/deploy`, { retries: 0 });
    return ((await answer.json()) as { deployment_id: string }).deployment_id;
  };
  const reported = async () => (await operator.get<{ reported: Values }>(`${records}/device/${id}`)).reported;
  const effective = () =>
    operator.get<{ effective: Values; in_sync: boolean }>(`${records}/device/${id}/effective`);

  const own = { timezone: "Europe/Oslo", 'a "quoted" key; and': "a value; with 'both' \"quotes\"\n" };
  await operator.call("PUT", `${records}/group/configured`, { timezone: "UTC", locale: "nb_NO.UTF-8" });
  await set(own);
  assert.equal((await effective()).in_sync, false);
  const first = await deploy();
  await operator.becomes(first, id, "success");
  const wanted = { ...own, locale: "nb_NO.UTF-8" };
  assert.deepEqual(onDevice(), wanted);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await until("the device reports its configuration", async () => (await effective()).in_sync);
  assert.deepEqual(await reported(), wanted);

  await set({ timezone: "Atlantis" });
  const refused = await deploy();
  await operator.becomes(refused, id, "failure");
  await until("the log is uploaded", async () => (await operator.outcomes(refused))[0]?.log === true);
  assert.match(await operator.log(refused, id), /no such place/);
  assert.deepEqual(onDevice(), wanted);
  assert.deepEqual(await reported(), wanted);
  assert.deepEqual(await effective().then(({ in_sync, effective }) => [in_sync, effective]), [
    false,
    { timezone: "Atlantis", locale: "nb_NO.UTF-8" },
  ]);
}
