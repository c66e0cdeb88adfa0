import { useEffect, useState } from "preact/hooks";
import { refresh, useResource } from "../../api/resource.ts";
import { may } from "../../api/session.ts";
import { useQuery } from "../../parts/address.ts";
import { attribute, deviceName, type InventoryDevice, statusTone, valueText } from "../../parts/device.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import { State } from "../../parts/state.tsx";
import { type Column, pickedWith } from "../../parts/table.tsx";
import { count, counted } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { type Action, ACTIONS } from "./actions.ts";
import { Bulk } from "./bulk.tsx";
import { allIds, findPage, lastSeen, MOST_AT_ONCE, searchBody } from "./find.ts";
import { QueryBar } from "./query-bar.tsx";
import { Views } from "./views.tsx";
import "./devices.css";

const PER_PAGE = 50;

/** `null` as long as it is not known when a device was seen. */
type Row = InventoryDevice & { seen: string | null | undefined };

const text = (device: Row, scope: string, name: string) => valueText(attribute(device, scope, name)?.value);

const COLUMNS: readonly Column<Row>[] = [
  {
    title: "State",
    sort: "status",
    cell: (device) => {
      const status = text(device, "identity", "status") || "unknown";
      return <State tone={statusTone(status)}>{status}</State>;
    },
  },
  { title: "Device", cell: (device) => <a href={`/devices/${device.id}`}>{deviceName(device)}</a> },
  { title: "Type", sort: "type", cell: (device) => text(device, "inventory", "device_type") },
  { title: "Release", sort: "release", cell: (device) => text(device, "inventory", "artifact_name") },
  { title: "Group", sort: "group", cell: (device) => text(device, "system", "group") },
  { title: "Seen", sort: "seen", cell: ({ seen }) => (seen === null ? "…" : <When at={seen} />) },
  {
    title: "Known since",
    sort: "created",
    cell: (device) => <When at={text(device, "system", "created_ts")} />,
  },
];

/** What is selected: rows of this page, or all that match. It ends with the query and with the page. */
type Selection = { ids: ReadonlySet<string>; isAll: boolean };
const NONE: Selection = { ids: new Set(), isAll: false };

/** When they were heard of last, which is read after they are shown. */
function useSeen(devices: readonly InventoryDevice[]): ReadonlyMap<string, string> | undefined {
  const ids = devices.map(({ id }) => id);
  const seen = useResource(ids.length > 0 ? `devices?seen=${ids.join()}` : undefined, (signal) =>
    lastSeen(ids, signal),
  );
  return seen.data;
}

export function Devices() {
  const [address, set] = useQuery();
  const query = address.q ?? "";
  const sort = address.sort ?? "";
  const page = Math.max(1, Number(address.page ?? "1") || 1);
  const key = `devices?${new URLSearchParams({ query, sort, page: String(page) })}`;
  const [selection, select] = useState(NONE);
  const [action, setAction] = useState<Action>();
  useEffect(() => select(NONE), [key]);

  const body = searchBody(query, Date.now());
  const found = useResource(body && key, async (signal) => {
    const asked = searchBody(query, Date.now()) ?? {};
    return findPage(asked, { page, perPage: PER_PAGE, sort }, signal);
  });
  const seen = useSeen(found.data?.rows ?? []);
  return (
    <Page
      title="Devices"
      actions={
        may("devices:manage") && (
          <a class="button" href="/admission">
            Admission
          </a>
        )
      }
    >
      <QueryBar query={query} set={(q, how) => set({ q, page: undefined }, how)} />
      <Views query={query} />
      {body && (
        <Loaded of={found} again={() => refresh("devices")}>
          {({ rows: devices, total, isLeast }) => {
            const rows = devices.map((device): Row => ({
              ...device,
              seen: seen ? seen.get(device.id) : null,
            }));
            return (
              <>
                {may("devices:manage") && selection.ids.size > 0 && (
                  <div class="selection row" role="toolbar" aria-label="Selected devices">
                    <strong>
                      {counted(selection.isAll ? total : selection.ids.size, "device")} selected
                    </strong>
                    {!selection.isAll && selection.ids.size === rows.length && total > rows.length && (
                      <button
                        type="button"
                        class="button plain"
                        disabled={total > MOST_AT_ONCE}
                        onClick={() => select({ ...selection, isAll: true })}
                      >
                        {total > MOST_AT_ONCE
                          ? `All ${count(total)} are too many at once: ${count(MOST_AT_ONCE)} at most`
                          : `Select all ${count(total)} matching`}
                      </button>
                    )}
                    {ACTIONS.map((one) => (
                      <button
                        key={one.name}
                        type="button"
                        class={one.isRisky ? "button risky" : "button"}
                        onClick={() => setAction(one)}
                      >
                        {one.name}
                      </button>
                    ))}
                    <button type="button" class="button plain" onClick={() => select(NONE)}>
                      Select none
                    </button>
                  </div>
                )}
                {action && (
                  <Bulk
                    action={action}
                    expected={selection.isAll ? total : selection.ids.size}
                    idsOf={(signal) =>
                      selection.isAll ? allIds(body, signal) : Promise.resolve([...selection.ids])
                    }
                    close={() => {
                      setAction(undefined);
                      select(NONE);
                    }}
                  />
                )}
                {rows.length === 0 ? (
                  query === "" ? (
                    <Empty title="No device is known yet">
                      <p>
                        A device shows here once it has asked to be let in. <code>npm run demo</code>{" "}
                        simulates one.
                      </p>
                    </Empty>
                  ) : (
                    <Empty title="No device matches">
                      <a class="button" href="/devices">
                        Clear the query
                      </a>
                    </Empty>
                  )
                ) : (
                  <Paged
                    label="Devices"
                    list={{ rows, total: Number.isNaN(total) ? undefined : total, isLeast }}
                    perPage={PER_PAGE}
                    columns={COLUMNS}
                    keyOf={({ id }) => id}
                    sorting={{ by: sort, set: (by) => set({ sort: by, page: undefined }) }}
                    {...(may("devices:manage") && {
                      picking: {
                        picked: selection.ids,
                        nameOf: (id: string) => {
                          const row = rows.find((one) => one.id === id);
                          return row ? deviceName(row) : id;
                        },
                        pick: (ids: readonly string[], isPicked: boolean) =>
                          select((now) => ({ ids: pickedWith(now.ids, ids, isPicked), isAll: false })),
                      },
                    })}
                  />
                )}
              </>
            );
          }}
        </Loaded>
      )}
    </Page>
  );
}
