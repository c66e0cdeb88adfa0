import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { bytes, count, lasting } from "../../parts/text.ts";
import { Settings } from "./frame.tsx";
import { useStorage, within } from "./organization.tsx";

type Day = components["schemas"]["UsageDay"];

const BASE = "/api/management/v1/usage/days";
const MOST_DAYS = 100;

const usd = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 4 });

/** What is only known when the day is over. */
const atEnd = (day: Day, text: string) =>
  day.day === new Date().toISOString().slice(0, 10) ? (
    <span class="quiet" title="Counted when the day is over">
      not yet
    </span>
  ) : (
    text
  );

const DAYS: readonly Column<Day>[] = [
  { title: "Day", cell: ({ day }) => <span class="nowrap">{day}</span> },
  { title: "Devices", isNumber: true, cell: (day) => atEnd(day, count(day.devices)) },
  { title: "Requests", isNumber: true, cell: ({ requests }) => count(requests) },
  { title: "Update checks", isNumber: true, cell: ({ checks }) => count(checks) },
  { title: "Rows read", isNumber: true, cell: (day) => count(day.rows_read) },
  { title: "Rows written", isNumber: true, cell: (day) => count(day.rows_written) },
  { title: "Stored", isNumber: true, cell: (day) => atEnd(day, bytes(day.stored_bytes)) },
  { title: "Downloaded", isNumber: true, cell: (day) => bytes(day.downloaded_bytes) },
  { title: "Sessions", isNumber: true, cell: (day) => lasting(day.session_seconds) },
  { title: "Cost, about", isNumber: true, cell: (day) => usd.format(day.usd) },
];

interface Limit {
  name: string;
  used: number;
  limit: number;
  text: (number: number) => string;
}

const LIMITS: readonly Column<Limit>[] = [
  { title: "Of", cell: ({ name }) => name },
  { title: "Used", cell: ({ used, limit, text }) => within(used, limit, text) },
  {
    title: "Share",
    cell: ({ name, used, limit }) =>
      limit > 0 && (
        <meter min={0} max={limit} high={limit * 0.9} optimum={0} value={used} aria-label={`${name} used`} />
      ),
  },
];

/** What is used of what may be used. */
function Limits() {
  const tenant = useResource("tenant/tiers", async (signal) =>
    bodyOf(
      await api.GET("/api/management/v1/tenantadm/user/tenant", {
        params: { query: { tiers: true } },
        signal,
      }),
    ),
  );
  const storage = useStorage();
  const tiers = tenant.data?.device_limits;
  const rows: Limit[] = [
    ...(tiers
      ? ([
          ["Devices", tiers.max_devices],
          ["Micro devices", tiers.max_micro_devices],
          ["System devices", tiers.max_system_devices],
        ] as const)
      : []
    ).map(([name, { current_value: used, value: limit }]) => ({ name, used, limit, text: count })),
    ...(storage.data
      ? [{ name: "Storage", used: storage.data.usage, limit: storage.data.limit, text: bytes }]
      : []),
  ];
  return (
    <section class="stack">
      <h2>Limits</h2>
      <Loaded of={tenant} again={() => refresh("tenant")}>
        {() => <Table label="Limits" rows={rows} columns={LIMITS} keyOf={({ name }) => name} />}
      </Loaded>
    </section>
  );
}

/** What is counted of the tenant, day by day, and what that costs about. */
export function Usage() {
  const [{ from = "", to = "" }, setQuery] = useQuery();
  const span = { ...(from && { from }), ...(to && { to }) };
  const days = useResource(`usage?${from}&${to}`, async (signal) => {
    const { data } = await api.GET(BASE, {
      params: { query: { ...span, per_page: MOST_DAYS } },
      signal,
    });
    return (data ?? []).toReversed();
  });
  const csv = `${BASE}/export?${new URLSearchParams(span).toString()}`;
  return (
    <Settings
      at="/settings/usage"
      actions={
        <a class="button" href={csv} download="usage.csv">
          Export as CSV
        </a>
      }
    >
      <Limits />
      <section class="stack">
        <h2>
          By day <span class="quiet">the last 30 unless said otherwise</span>
        </h2>
        <div class="filters">
          <TextField
            type="date"
            label="From"
            value={from}
            set={(day) => setQuery({ from: day }, "replace")}
          />
          <TextField type="date" label="To" value={to} set={(day) => setQuery({ to: day }, "replace")} />
        </div>
        <Loaded of={days} again={() => refresh("usage")}>
          {(rows) =>
            rows.length === 0 ? (
              <Empty title="Nothing was counted in these days" />
            ) : (
              <Table label="Usage by day" rows={rows} columns={DAYS} keyOf={({ day }) => day} />
            )
          }
        </Loaded>
      </section>
    </Settings>
  );
}
