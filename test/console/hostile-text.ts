import type { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { carryOut } from "../../src/device-simulator/update.ts";
import type { Management } from "../clients/management.ts";

/** Does something if it is more than text anywhere; `\u202e` turns round what follows. */
const MARKUP = [
  `"><img src=x onerror="window.ran=1">`,
  `<script>window.ran=1</script>`,
  `<svg onload="window.ran=1">`,
  `javascript:window.ran=1`,
  `{{constructor.constructor('window.ran=1')()}}`,
  "\u202Egnp \u2066left\u2069 \u{1F408}\u200D\u{1F469} &amp; %00 \u0007",
].join(" ");

/** What stands for the mark of direction on every page that shows the text. */
export const SHOWN = "\\u202egnp";

const SHORT = `<img src=x onerror=window.ran=1>\u202Egnp`;

const LONG = "x".repeat(10_000);

/** The worst first: not every place takes all of it. */
const TEXTS = [
  `${MARKUP}\u0000${LONG}`,
  `${MARKUP}${LONG}`,
  `${MARKUP}\u0000`,
  MARKUP,
  SHORT,
  SHORT.replace("\u202E", ""),
];

interface Written {
  device: string;
  release: string;
  deployment: string;
  webhook: string;
}

const idOf = (answer: Response): string => answer.headers.get("location")?.split("/").at(-1) ?? "";

/** Writes the worst text that the server takes. */
async function worst(write: (text: string) => Promise<Response>): Promise<Response> {
  let refused: unknown;
  for (const text of TEXTS) {
    try {
      return await write(text);
    } catch (cause) {
      const status = cause instanceof Error ? Number(cause.cause) : Number.NaN;
      if (!(status >= 400 && status < 500)) throw cause;
      refused = cause;
    }
  }
  throw refused;
}

/** Something that would do harm, in every place where somebody else's text is shown. */
export async function writeHostile(
  operator: Management,
  device: SimulatedDevice,
  release: string,
): Promise<Written> {
  const id = device.id ?? "";
  const post = (path: string, body: (text: string) => unknown) => (text: string) =>
    operator.call("POST", path, body(text));
  await worst((text) =>
    operator.call("PUT", `/v1/inventory/devices/${id}/tags`, [
      { name: "name", value: text },
      { name: "note", value: text },
    ]),
  );
  await device.reportInventory([
    { name: "note", value: TEXTS[0] ?? "" },
    { name: MARKUP.slice(0, 200), value: [MARKUP, LONG] },
  ]);
  await device.sendAlerts([
    {
      name: MARKUP,
      level: "CRITICAL",
      subject: { name: MARKUP, type: MARKUP, status: MARKUP, details: { description: MARKUP + LONG } },
      timestamp: new Date().toISOString(),
    },
  ]);
  await worst((text) =>
    operator.call("PATCH", `/v2/deployments/deployments/releases/${release}`, { notes: text }),
  );
  await worst(
    post("/v2/inventory/filters", (text) => ({
      name: text,
      terms: [{ scope: "tags", attribute: "note", type: "$eq", value: MARKUP }],
    })),
  );
  await worst(
    post("/v1/deployments/rollouts/templates", (text) => ({
      name: text,
      body: { artifact_name: MARKUP, all_devices: true },
    })),
  );
  await worst(
    post("/v2/useradm/roles", (text) => ({
      name: `hostile-${text.length}`,
      description: text,
      permission_sets_with_scope: [{ name: "Basic" }],
    })),
  );
  await worst(post("/v1/useradm/settings/tokens", (text) => ({ name: text, expires_in: 3600 })));
  await worst(post("/v1/useradm/settings/scim/tokens", (text) => ({ name: text })));
  const deployed = await worst(
    post("/v1/deployments/deployments", (text) => ({
      name: text,
      artifact_name: release,
      devices: [id],
      force_installation: true,
    })),
  );
  const instructions = await device.askForUpdate();
  if (!instructions) throw new Error("no update is offered");
  const install = () => {
    throw new Error(`${MARKUP}\u001b[31m\u0000 ${LONG}`);
  };
  await carryOut(device, instructions, { install });
  const webhook = await worst(
    post("/v1/webhooks", (text) => ({
      name: text,
      shape: "mail",
      target: "hostile@example.com",
      types: ["role.*"],
      filter: { terms: [{ scope: "tags", attribute: "note", type: "$eq", value: MARKUP }] },
    })),
  );
  return { device: id, release, deployment: idOf(deployed), webhook: idOf(webhook) };
}
