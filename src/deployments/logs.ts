import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import type { LogMessage } from "./log-text.ts";

interface LogPlace {
  tenant: TenantId;
  deployment: string;
  device: DeviceId;
}

const logKey = ({ tenant, deployment, device }: LogPlace): string =>
  `logs/${tenant}/${deployment}/${encodeURIComponent(device)}`;

export async function writeLog(deps: Deps, place: LogPlace, messages: readonly LogMessage[]): Promise<void> {
  await deps.bucket.put(logKey(place), JSON.stringify(messages), {
    httpMetadata: { contentType: "application/json" },
  });
}

export async function readLog(deps: Deps, place: LogPlace): Promise<LogMessage[] | undefined> {
  const object = await deps.bucket.get(logKey(place));
  return object ? await object.json<LogMessage[]>() : undefined;
}

/** Removes the logs of all devices of a deployment. */
export async function removeLogs(deps: Deps, tenant: TenantId, deployment: string): Promise<void> {
  for (let left = true; left;) {
    const { objects, truncated } = await deps.bucket.list({
      prefix: `logs/${tenant}/${deployment}/`,
      limit: STORAGE.keysAtOnce,
    });
    if (objects.length > 0) await deps.bucket.delete(objects.map(({ key }) => key));
    left = truncated;
  }
}
