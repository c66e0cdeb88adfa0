import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import type { Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { AlertsOfDevice } from "./of-device.tsx";

type Device = components["schemas"]["InventoryDevice"];

const PER_PAGE = 50;

const valueOf = (device: Device, scope: string, name: string): string => {
  const found = device.attributes?.find((one) => one.scope === scope && one.name === name);
  return found === undefined ? "" : plain(String(found.value));
};

const columns = (open: (id: string) => void): readonly Column<Device>[] => [
  {
    title: "Device",
    cell: (device) => (
      <a href={`/devices/${device.id}`} title={device.id}>
        {valueOf(device, "tags", "name") || valueOf(device, "inventory", "hostname") || shortId(device.id)}
      </a>
    ),
  },
  { title: "Type", cell: (device) => valueOf(device, "inventory", "device_type") },
  { title: "Group", cell: (device) => valueOf(device, "system", "group") },
  { title: "Alerts", isNumber: true, cell: (device) => valueOf(device, "monitor", "alert_count") },
  { title: "Told", cell: ({ updated_ts: at }) => <When at={at} /> },
  {
    title: "",
    cell: ({ id }) => (
      <button type="button" class="button" onClick={() => open(id)}>
        What is wrong
      </button>
    ),
  },
];

/** Devices that tell that something is wrong with them, those with most first. */
export function Alerts() {
  const [query] = useQuery();
  const [opened, open] = useState<string>();
  const page = Number(query.page ?? "1");
  const devices = useResource(`alerts?${page}`, async (signal) =>
    listed(
      await api.POST("/api/management/v2/inventory/filters/search", {
        body: {
          page,
          per_page: PER_PAGE,
          filters: [{ scope: "monitor", attribute: "alerts", type: "$eq", value: true }],
          sort: [{ scope: "monitor", attribute: "alert_count", order: "desc" }],
        },
        signal,
      }),
    ),
  );
  return (
    <Page title="Alerts">
      <Loaded of={devices} again={() => refresh("alerts")}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty title="No device tells of anything wrong">
              <span>Devices with mender-monitor tell here of services, logs and disks that they watch.</span>
            </Empty>
          ) : (
            <Paged
              label="Devices with alerts"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={columns(open)}
              keyOf={({ id }) => id}
            />
          )
        }
      </Loaded>
      {opened && <AlertsOfDevice device={opened} onClose={() => open(undefined)} />}
    </Page>
  );
}
