import { Older } from "../../parts/older.tsx";
import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Act } from "../../parts/act.tsx";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Acknowledge } from "./acknowledge.tsx";
import { AlertsOfDevice } from "./of-device.tsx";
import { AlertTabs } from "./tabs.tsx";

type Alert = components["schemas"]["OpenAlert"];

const PER_PAGE = 50;
const MUTED_MS = 86_400_000;
const BASE = "/api/management/v1/devicemonitor";

const again = () => refresh("alerts?");

async function mute({ device_id: device, subject }: Alert): Promise<void> {
  await api.POST(`${BASE}/mutes`, {
    body: {
      ...(device !== undefined && { device_id: device }),
      subject,
      until: new Date(Date.now() + MUTED_MS).toISOString(),
      reason: "",
    },
  });
  again();
}

const columns = (open: (id: string) => void): readonly Column<Alert>[] => [
  {
    title: "Level",
    cell: ({ level, acknowledged }) => <State tone={acknowledged ? "idle" : "bad"}>{plain(level)}</State>,
  },
  { title: "What is wrong", cell: ({ text }) => plain(text) },
  {
    title: "Device",
    cell: ({ device_id: id }) =>
      id === undefined ? (
        ""
      ) : (
        <a class="nowrap" href={`/devices/${id}`} title={id}>
          {shortId(id)}
        </a>
      ),
  },
  { title: "Group", cell: ({ group }) => group && <span class="nowrap">{plain(group)}</span> },
  { title: "Since", cell: ({ time }) => <When at={time} /> },
  {
    title: "Seen by",
    cell: ({ acknowledged }) =>
      acknowledged && (
        <span title={acknowledged.time}>
          {plain(acknowledged.by)}
          {acknowledged.note && <span class="quiet">: {plain(acknowledged.note)}</span>}
        </span>
      ),
  },
  {
    title: "",
    cell: (alert) => (
      <span class="row">
        {may("devices:manage") && (
          <>
            <Acknowledge alert={alert} />
            <Act
              label={alert.muted ? "Muted" : "Mute for a day"}
              cannot={alert.muted ? "No mails are sent about it" : undefined}
              done="No mails about it for a day"
              run={() => mute(alert)}
            />
          </>
        )}
        {alert.source === "device" && alert.device_id !== undefined && (
          <button type="button" class="button" onClick={() => open(alert.device_id ?? "")}>
            Details
          </button>
        )}
      </span>
    ),
  },
];

/** What is wrong now, as devices and the server itself tell it; the newest first. */
export function Alerts() {
  const [{ cursor, subject }, setQuery] = useQuery();
  const [opened, open] = useState<string>();
  const alerts = useResource(`alerts?${subject ?? ""}&${cursor ?? ""}`, async (signal) =>
    bodyOf(
      await api.GET(`${BASE}/alerts`, {
        params: {
          query: {
            limit: PER_PAGE,
            ...(cursor !== undefined && { cursor }),
            ...(subject !== undefined && { subject }),
          },
        },
        signal,
      }),
    ),
  );
  return (
    <Page title="Alerts">
      <AlertTabs at="/alerts" />
      {subject !== undefined && (
        <p class="row">
          <span class="chip">about {plain(subject)}</span>
          <a class="button plain" href="/alerts">
            Clear filter
          </a>
        </p>
      )}
      <Loaded of={alerts} again={again}>
        {({ alerts: rows, cursor: next }) => (
          <>
            {rows.length === 0 && next === undefined ? (
              <Empty title="Nothing is wrong">
                <span>
                  Devices with mender-monitor tell here of services, logs and disks that they watch.
                </span>
              </Empty>
            ) : (
              <Table label="Open alerts" rows={rows} columns={columns(open)} keyOf={({ id }) => id} />
            )}
            <Older cursor={cursor} next={next} go={(to) => setQuery({ cursor: to })} />
          </>
        )}
      </Loaded>
      {opened && <AlertsOfDevice device={opened} onClose={() => open(undefined)} />}
    </Page>
  );
}
