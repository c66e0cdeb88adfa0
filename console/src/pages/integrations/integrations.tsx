import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Asked } from "../../parts/act.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Log } from "../../parts/log.tsx";
import { NewIntegration } from "./new-integration.tsx";
import { NewWebhook } from "./new-webhook.tsx";
import { Once } from "../../parts/shown-once.tsx";
import { Webhooks } from "./webhooks.tsx";

type Integration = components["schemas"]["Integration"];
type Delivered = components["schemas"]["IntegrationEvent"];

const BASE = "/api/management/v1/iot-manager/integrations";

const PROVIDERS = { webhook: "webhook", "iot-core": "AWS IoT Core", "iot-hub": "Azure IoT Hub" } as const;

const placeOf = ({ credentials }: Integration): string =>
  credentials.http?.url ?? credentials.aws?.region ?? credentials.connection_string ?? "";

const remove = async (id: string): Promise<void> => {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("integrations");
};

const COLUMNS: readonly Column<Integration>[] = [
  { title: "Kind", cell: ({ provider }) => PROVIDERS[provider] },
  { title: "To", cell: (row) => <span class="mono">{plain(placeOf(row))}</span> },
  { title: "Description", cell: ({ description }) => plain(description ?? "") },
  { title: "Told of", cell: ({ scopes = [] }) => (scopes.length > 0 ? scopes.join(", ") : "deviceauth") },
  {
    title: "",
    cell: ({ id }) =>
      may("settings:manage") && (
        <Asked label="Delete" title="Delete this integration" isRisky run={() => remove(id)}>
          <p>Nothing is sent there any more. What was not delivered yet is given up.</p>
        </Asked>
      ),
  },
];

const deliveryOf = ({ delivery_statuses: all }: Delivered) =>
  all.length === 0 ? (
    <State tone="idle">not yet</State>
  ) : (
    <span class="row">
      {all.map(({ integration_id: id, success, status_code: code, error }) => (
        <State key={id} tone={success ? "good" : "bad"}>
          {plain(success ? `delivered ${code ?? ""}` : `failed ${code ?? ""} ${error ?? ""}`)}
        </State>
      ))}
    </span>
  );

const EVENTS: readonly Column<Delivered>[] = [
  { title: "Time", cell: ({ time }) => <When at={time} /> },
  { title: "What", cell: ({ type }) => type },
  { title: "Delivery", cell: deliveryOf },
  {
    title: "Body",
    cell: ({ data }) => (
      <details>
        <summary>show</summary>
        <Log label="What was sent" text={plain(JSON.stringify(data, null, 2))} />
      </details>
    ),
  },
];

function Events() {
  const events = useResource("integrations/events", async (signal) => {
    const { data } = await api.GET("/api/management/v1/iot-manager/events", {
      params: { query: { per_page: 50 } },
      signal,
    });
    return data ?? [];
  });
  return (
    <section class="stack">
      <h2>Deliveries of the last week</h2>
      <Loaded of={events} again={() => refresh("integrations/events")}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="Nothing was delivered yet" />
          ) : (
            <Table label="Deliveries" rows={rows} columns={EVENTS} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </section>
  );
}

/** What clouds and the original's own webhooks are told of devices. */
function OfClouds() {
  const integrations = useResource("integrations", async (signal) => {
    const { data } = await api.GET(BASE, { signal });
    return data ?? [];
  });
  return (
    <section class="stack">
      <h2>Integrations</h2>
      <Loaded of={integrations} again={() => refresh("integrations")}>
        {(rows) =>
          rows.length === 0 ? (
            <p class="quiet">
              There is none. One is told when a device is accepted, changes its state or is removed.
            </p>
          ) : (
            <>
              <Table label="Integrations" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} />
              <Events />
            </>
          )
        }
      </Loaded>
    </section>
  );
}

/** Where what happens is told. */
export function Integrations() {
  const [made, make] = useState<"webhook" | "integration">();
  const [secret, show] = useState<string>();
  const close = () => make(undefined);
  return (
    <Page
      title="Integrations"
      actions={
        may("settings:manage") && (
          <>
            <button type="button" class="button" onClick={() => make("integration")}>
              New integration
            </button>
            <button type="button" class="button main" onClick={() => make("webhook")}>
              New webhook
            </button>
          </>
        )
      }
    >
      <Webhooks />
      <OfClouds />
      {made === "integration" && <NewIntegration onClose={close} />}
      {made === "webhook" && <NewWebhook onMade={show} onClose={close} />}
      {secret !== undefined && (
        <Once title="The secret that signs what is sent" value={secret} onClose={() => show(undefined)} />
      )}
    </Page>
  );
}
