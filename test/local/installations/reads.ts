/** What is asked of an installation when it is kept, and of every later version on its data. */
export interface Read {
  name: string;
  method: "GET" | "POST";
  path: string;
  json?: unknown;
}

export interface RecordedDevice {
  id: string;
  mac: string;
}

export interface Recorded {
  /** Address and password. */
  admin: string;
  /** One that has finished a deployment, and one that is in the middle of one; a third waits for acceptance. */
  devices: RecordedDevice[];
  /** By the name of what was asked. */
  answers: Record<string, unknown>;
}

const get = (name: string, path: string): Read => ({ name, method: "GET", path: `/api/management${path}` });

export const READS: readonly Read[] = [
  get("devices of admission", "/v2/devauth/devices"),
  get("number of devices", "/v2/devauth/devices/count"),
  get("devices of the inventory", "/v1/inventory/devices"),
  get("groups", "/v1/inventory/groups"),
  get("filters", "/v2/inventory/filters"),
  {
    name: "search",
    method: "POST",
    path: "/api/management/v2/inventory/filters/search",
    json: { filters: [{ scope: "inventory", attribute: "load", type: "$gt", value: 1 }] },
  },
  get("artifacts", "/v1/deployments/artifacts"),
  get("deployments", "/v1/deployments/deployments"),
  get("users", "/v1/useradm/users"),
  get("settings", "/v1/useradm/settings"),
];
