import { useMemo, useState } from "preact/hooks";
import type { components } from "../../api/schema.d.ts";
import { Table } from "../../parts/table.tsx";
import { count, counted } from "../../parts/text.ts";
import { drawn, HEIGHT, hourName, runsOf, summary } from "./hours.ts";

type Told = NonNullable<components["schemas"]["ConsoleHome"]["seen"]>;

/** Each hour that is known, newest first, and what is not in one row. */
function Numbers({ from_ts: from, hours }: Told) {
  const rows = runsOf(hours)
    .flatMap(({ isKnown, from: first, to }) =>
      isKnown
        ? hours.slice(first, to).map((devices, i) => ({ at: first + i, devices, length: 1 }))
        : [{ at: first, devices: null, length: to - first }],
    )
    .toReversed();
  return (
    <>
      <p class="quiet">
        A device counts once in each hour in which it asked for anything. One that asks twice within five
        minutes, before and after the end of an hour, may count in the second alone.
      </p>
      <Table
        label="Devices heard of by hour"
        rows={rows}
        keyOf={({ at }) => String(at)}
        columns={[
          {
            title: "Hour from",
            cell: ({ at, length }) => hourName(from, at) + (length > 1 ? `, ${counted(length, "hour")}` : ""),
          },
          {
            title: "Devices",
            isNumber: true,
            cell: ({ devices }) => (devices === null ? "not known" : count(devices)),
          },
        ]}
      />
    </>
  );
}

/** How many devices were heard of in each hour of seven days. */
export function Seen({ seen }: { seen: Told }) {
  const { from_ts: from, hours } = seen;
  const [at, point] = useState<number | undefined>();
  const [isOpen, open] = useState(false);
  const { steps, under, gaps } = useMemo(() => drawn(hours), [hours]);
  const whole = summary(hours);
  const pointed = at === undefined ? undefined : hours[at];
  return (
    <div class="sheet padded stack">
      <svg
        class="hours"
        viewBox={`0 0 ${hours.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        onPointerMove={({ currentTarget, offsetX }) =>
          point(Math.min(hours.length - 1, Math.floor((offsetX / currentTarget.clientWidth) * hours.length)))
        }
        onPointerLeave={() => point(undefined)}
      >
        <path class="steps" d={steps} />
        <path class="under" d={under} />
        <path class="gaps" d={gaps} />
      </svg>
      <p class="row apart quiet">
        <span>7 days ago</span>
        <span>
          {at === undefined
            ? whole
            : `${hourName(from, at)}: ${pointed === null || pointed === undefined ? "not known" : counted(pointed, "device")}`}
        </span>
      </p>
      <details onToggle={({ currentTarget }) => open(currentTarget.open)}>
        <summary>As a table</summary>
        {isOpen && <Numbers {...seen} />}
      </details>
    </div>
  );
}
