import { Management } from "../clients/management.ts";

/** Something of each kind that a page is about. */
interface Shown {
  device: string;
  release: string;
  deployment: string;
  webhook: string;
}

/** Every page there is, by the name of its picture. */
export const pagesOf = ({
  device,
  release,
  deployment,
  webhook,
}: Shown): Readonly<Record<string, string>> => ({
  home: "/",
  devices: "/devices",
  query: "/devices?q=status%3Aaccepted+-type%3Anone",
  admission: "/admission",
  device: `/devices/${device}`,
  "device-deployments": `/devices/${device}/deployments`,
  "device-inventory": `/devices/${device}/inventory`,
  "device-configuration": `/devices/${device}/configuration`,
  "device-terminal": `/devices/${device}/terminal`,
  "device-files": `/devices/${device}/files`,
  "device-access": `/devices/${device}/access`,
  releases: "/releases",
  release: `/releases/${encodeURIComponent(release)}`,
  upload: "/releases/upload",
  deployments: "/deployments",
  wizard: `/deployments/new?release=${encodeURIComponent(release)}`,
  report: `/deployments/${deployment}`,
  templates: "/deployments/templates",
  "report-devices": `/deployments/${deployment}/devices`,
  alerts: "/alerts",
  "alert-rules": "/alerts/rules",
  sessions: "/sessions",
  integrations: "/integrations",
  webhook: `/integrations/${webhook}`,
  tenants: "/tenants",
  audit: "/audit",
  profile: "/settings",
  security: "/settings/security",
  tokens: "/settings/tokens",
  users: "/settings/users",
  roles: "/settings/roles",
  "sign-in": "/settings/sign-in",
  provisioning: "/settings/provisioning",
  keys: "/settings/keys",
  organization: "/settings/organization",
  usage: "/settings/usage",
  welcome: "/welcome",
});

const DAY_MS = 86_400_000;

/** A webhook that was told of all that happened within a day. */
export async function addWebhook(operator: Management): Promise<void> {
  const wanted = {
    name: "On call",
    shape: "mail",
    target: "on-call@example.com",
    types: ["device.*", "deployment.*", "alert.*"],
  };
  const { id } = (await (await operator.call("POST", "/v1/webhooks", wanted)).json()) as { id: string };
  const at = (ms: number) => new Date(ms).toISOString();
  const now = Date.now();
  await operator.call("POST", `/v1/webhooks/${id}/replay`, { since: at(now - DAY_MS), until: at(now) });
}

/** Of a server with a fleet: a webhook, the deployment with most failures, its release, and a device of it. */
export async function shownOf(operator: Management): Promise<Shown> {
  const read = async <T>(path: string) => (await (await operator.call("GET", path)).json()) as T;
  const deployments = await read<
    { id: string; artifact_name: string; statistics: { status: { failure: number } } }[]
  >("/v1/deployments/deployments?per_page=100");
  const [worst] = deployments.toSorted((a, b) => b.statistics.status.failure - a.statistics.status.failure);
  if (!worst) throw new Error("the server has no deployment to show");
  const [device] = await read<{ id: string }[]>(`/v1/deployments/deployments/${worst.id}/devices/list`);
  if (!device) throw new Error("the deployment has no device to show");
  const [webhook] = await read<{ id: string }[]>("/v1/webhooks");
  if (!webhook) throw new Error("the server has no webhook to show");
  return { device: device.id, release: worst.artifact_name, deployment: worst.id, webhook: webhook.id };
}
