import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { bytes, count, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { telling } from "../../parts/toast.tsx";
import { Settings } from "./frame.tsx";

type Day = components["schemas"]["UsageDay"];

const usd = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 4 });

const DAYS: readonly Column<Day>[] = [
  { title: "Day", cell: ({ day }) => day },
  { title: "Devices", isNumber: true, cell: ({ devices }) => count(devices) },
  { title: "Requests", isNumber: true, cell: ({ requests }) => count(requests) },
  { title: "Update checks", isNumber: true, cell: ({ checks }) => count(checks) },
  { title: "Rows written", isNumber: true, cell: (day) => count(day.rows_written) },
  { title: "Stored", isNumber: true, cell: (day) => bytes(day.stored_bytes) },
  { title: "Cost, about", isNumber: true, cell: (day) => usd.format(day.usd) },
];

function Usage() {
  const days = useResource("usage", async (signal) => {
    const { data } = await api.GET("/api/management/v1/usage/days", { signal });
    return data ?? [];
  });
  return (
    <section class="stack">
      <h2>Usage by day</h2>
      <Loaded of={days} again={() => refresh("usage")}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="Nothing was counted yet" />
          ) : (
            <Table label="Usage by day" rows={rows} columns={DAYS} keyOf={({ day }) => day} />
          )
        }
      </Loaded>
    </section>
  );
}

const within = (used: number, limit: number, text: (number: number) => string): string =>
  limit > 0 ? `${text(used)} of ${text(limit)}` : `${text(used)}, without a limit`;

/** The tenant that everybody here shares. */
export function Organization() {
  const tenant = useResource("tenant", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/tenantadm/user/tenant", { signal })),
  );
  const storage = useResource("storage", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/deployments/limits/storage", { signal })),
  );
  return (
    <Settings at="/settings/organization">
      <Loaded of={tenant} again={() => refresh("tenant")}>
        {(found) => (
          <section class="sheet padded stack">
            <h2>{plain(found.name)}</h2>
            <Facts
              of={[
                ["Id", <code key="id">{found.id}</code>],
                ["Plan", found.trial ? `${found.plan}, on trial` : found.plan],
                ["Trial ends", found.trial && <When at={found.trial_expiration} />],
                [
                  "Add-ons",
                  found.addons
                    .filter(({ enabled }) => enabled)
                    .map(({ name }) => name)
                    .join(", "),
                ],
                ["Devices", within(found.device_count, found.device_limit, count)],
                ["Storage", storage.data && within(storage.data.usage, storage.data.limit, bytes)],
                ["Since", <When key="since" at={found.created_at} />],
                [
                  "Tenant token",
                  found.tenant_token && (
                    <details>
                      <summary>Devices bring it along; show it</summary>
                      <pre class="log">{found.tenant_token}</pre>
                      <button
                        type="button"
                        class="button"
                        onClick={() =>
                          void telling(
                            () => navigator.clipboard.writeText(found.tenant_token ?? ""),
                            "The tenant token is copied",
                          )
                        }
                      >
                        Copy
                      </button>
                    </details>
                  ),
                ],
              ]}
            />
          </section>
        )}
      </Loaded>
      {may("settings:manage") && <Usage />}
    </Settings>
  );
}
