/** What an event tells of it that says which of what was read is old now. */
export interface Told {
  type: string;
  sequence: string;
  deviceid?: string;
  deploymentid?: string;
}

/** Beginnings of what is to be read again. A list of devices stays as it is when only values of devices have changed. */
export function oldBy({ type, deviceid: device, deploymentid: deployment }: Told): string[] {
  const of = [
    ...(device ? [`device/${device}`, `configuration/${device}`, `alerts/${device}`] : []),
    ...(deployment ? [`deployment/${deployment}`, `why/${deployment}`] : []),
  ];
  const [family] = type.split(".");
  if (type === "device.inventory_changed") return of;
  if (type === "device.updated") return [...of, "deployments?", "home"];
  if (family === "device") return [...of, "devices?", "admission/", "home"];
  if (family === "deployment")
    return [...of, "deployments?", "release-adoption", "releases-adoption", "home"];
  if (type === "rollout.template_changed") return [...of, "templates"];
  if (family === "rollout") return [...of, "rollout-settings"];
  if (family === "alert") return [...of, "alerts?", "mutes", "home"];
  if (family === "session") return [...of, "sessions?"];
  if (family === "user") return [...of, "users"];
  if (family === "role") return [...of, "roles", "permission-sets"];
  if (family === "token") return [...of, "tokens"];
  if (family === "tenant") return [...of, "tenants?", "tenant"];
  return of;
}

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** How long to wait before the socket is opened again; not all pages at once. */
export const waitMs = (attempt: number, chance: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.5 + chance / 2);

/** Who else looks at a device. */
export interface Onlookers {
  device: string;
  users: readonly string[];
  more: number;
}

export function readEvent(text: unknown): Told | { cursor: string } | { onlookers: Onlookers } | undefined {
  if (typeof text !== "string") return undefined;
  const said = JSON.parse(text) as Partial<Told> & { cursor?: unknown; onlookers?: Onlookers };
  if (said.onlookers) return { onlookers: said.onlookers };
  if (typeof said.cursor === "string") return { cursor: said.cursor };
  const { type, sequence, deviceid, deploymentid } = said;
  if (typeof type !== "string" || typeof sequence !== "string") return undefined;
  return { type, sequence, ...(deviceid && { deviceid }), ...(deploymentid && { deploymentid }) };
}
