import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { count, percent, plain } from "../../parts/text.ts";
import { print } from "../../query/parse.ts";

const SHOWN = 8;

/** How many devices run each release; counted when somebody wants to know, since all have to be looked at. */
function Shares() {
  const found = useResource("versions", async (signal) => {
    const { data } = await api.POST("/api/management/v1/reporting/devices/aggregate", {
      body: {
        aggregations: [{ name: "release", scope: "inventory", attribute: "artifact_name", limit: SHOWN }],
      },
      signal,
    });
    return data?.[0];
  });
  const addressOf = (release: string) => {
    const values = [{ text: release, isQuoted: false }];
    const q = print({ kind: "condition", name: "release", operator: "=", values, isNegated: false });
    return `/devices?${new URLSearchParams({ q }).toString()}`;
  };
  return (
    <Loaded of={found} again={() => refresh("versions")}>
      {(group) => {
        const items = group?.items ?? [];
        const all = items.reduce((sum, one) => sum + one.count, group?.other_count ?? 0);
        if (all === 0) return <p class="quiet">No device has told which release it runs.</p>;
        return (
          <ul class="sheet bars" aria-label="Releases of all devices">
            {items.map(({ key, count: devices }) => (
              <li key={key}>
                <a href={addressOf(key)}>{plain(key)}</a>
                <span class="quiet">{count(devices)}</span>
                <meter
                  min={0}
                  max={all}
                  value={devices}
                  aria-label={`${plain(key)}: ${count(devices)} of ${count(all)} devices`}
                />
                <span class="number">{percent(devices / all)}</span>
              </li>
            ))}
            {(group?.other_count ?? 0) > 0 && (
              <li class="quiet">and {count(group?.other_count ?? 0)} on others</li>
            )}
          </ul>
        );
      }}
    </Loaded>
  );
}

export function Versions() {
  const [isOpen, open] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => open(currentTarget.open)}>
      <summary>Which release runs where</summary>
      {isOpen && <Shares />}
    </details>
  );
}
