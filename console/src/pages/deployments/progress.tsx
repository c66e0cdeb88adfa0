import lazy from "preact-iso/lazy";
import { useMemo } from "preact/hooks";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table } from "../../parts/table.tsx";
import { count } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { rolloutOf, type Deployment } from "./model.ts";
import {
  allowedAt,
  type Gone,
  marksOf,
  type OverTime,
  planOf,
  shownUntilMs,
  STATES,
  statesOf,
} from "./over-time.ts";
import { useProgress } from "./read.ts";

const Chart = lazy(() => import("./chart.tsx").then(({ Drawn }) => Drawn));

function overTime(gone: Gone, deployment: Deployment): OverTime {
  const { phases: planned = [], status } = deployment;
  const { state } = rolloutOf(deployment);
  const states = new Map((state?.phases ?? []).map((one) => [one.id, one]));
  const phases = planned.map((phase) => ({ ...phase, opens: states.get(phase.id)?.opens ?? phase.start_ts }));
  const paused = state?.paused && {
    since: state.paused.since,
    isHalt: state.paused.rule !== undefined || state.paused.judge !== undefined,
  };
  const untilMs = shownUntilMs(gone, status === "finished");
  return {
    gone,
    plan: planOf(gone, phases, untilMs),
    marks: marksOf(phases, paused, untilMs),
    maxDevices: gone.max_devices,
  };
}

const InRows = ({ over: { gone, plan } }: { over: OverTime }) => (
  <Table
    label="Devices over time"
    rows={gone.points}
    keyOf={({ time }) => time}
    columns={[
      { title: "Time", cell: ({ time }) => <When at={time} /> },
      ...STATES.map((title, i) => ({
        title,
        isNumber: true,
        cell: (point: Gone["points"][number]) => count(statesOf(point)[i] ?? 0),
      })).toReversed(),
      ...(plan.length > 0
        ? [
            {
              title: "Plan",
              isNumber: true,
              cell: ({ time }: Gone["points"][number]) => count(allowedAt(plan, new Date(time).getTime())),
            },
          ]
        : []),
    ]}
  />
);

function Shown({ gone, deployment }: { gone: Gone; deployment: Deployment }) {
  const over = useMemo(() => overTime(gone, deployment), [gone, deployment]);
  return (
    <>
      <Chart over={over} />
      <details>
        <summary>As a table</summary>
        {over.marks.length > 0 && (
          <Facts of={over.marks.map(({ name, atMs }) => [name, <When key={name} at={atMs} />])} />
        )}
        <InRows over={over} />
      </details>
    </>
  );
}

/** How it went over time, as a picture and as a table. */
export function Progress({ deployment }: { deployment: Deployment }) {
  const progress = useProgress(deployment.id);
  return (
    <Loaded of={progress}>
      {(found) =>
        found.points.length === 0 ? (
          <p class="quiet">Nothing has changed yet.</p>
        ) : (
          <Shown gone={found} deployment={deployment} />
        )
      }
    </Loaded>
  );
}
