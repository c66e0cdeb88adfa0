import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Act } from "../../parts/act.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Mute = components["schemas"]["Mute"];

const BASE = "/api/management/v1/devicemonitor/mutes";

async function remove(id: string): Promise<void> {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("mutes");
  refresh("alerts?");
}

async function write({ device_id: device, group, subject, until, reason }: Mute): Promise<void> {
  await api.POST(BASE, {
    body: {
      ...(device !== undefined && { device_id: device }),
      ...(group !== undefined && { group }),
      ...(subject !== undefined && { subject }),
      ...(until !== undefined && { until }),
      reason,
    },
  });
  refresh("mutes");
  refresh("alerts?");
}

const COLUMNS: readonly Column<Mute>[] = [
  { title: "About", cell: ({ subject }) => (subject === undefined ? "everything" : plain(subject)) },
  {
    title: "Of",
    cell: ({ device_id: device, group }) =>
      device !== undefined ? (
        <a class="nowrap" href={`/devices/${device}`} title={device}>
          {shortId(device)}
        </a>
      ) : group !== undefined ? (
        `the group ${plain(group)}`
      ) : (
        "all"
      ),
  },
  { title: "Until", cell: ({ until }) => <When at={until} never="somebody ends it" /> },
  { title: "By", cell: ({ created_by: by }) => plain(by) },
  { title: "Reason", cell: ({ reason }) => plain(reason) },
  {
    title: "",
    cell: (mute) =>
      may("devices:manage") && (
        <Act label="End" done="It is muted no more." run={() => remove(mute.id)} undo={() => write(mute)} />
      ),
  },
];

/** What no mails are sent about for a while. */
export function Mutes() {
  const mutes = useResource("mutes", async (signal) => bodyOf(await api.GET(BASE, { signal })));
  return (
    <section class="stack">
      <h2>Muted</h2>
      <Loaded of={mutes} again={() => refresh("mutes")}>
        {(rows) =>
          rows.length === 0 ? (
            <p class="quiet">Nothing is. An alert is muted where it stands.</p>
          ) : (
            <Table label="Muted" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </section>
  );
}
