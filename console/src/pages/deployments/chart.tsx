import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import type { components } from "../../api/schema.d.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { Table } from "../../parts/table.tsx";
import { count } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { useIsUtc } from "../../parts/zone.tsx";
import { useProgress } from "./read.ts";

type Progress = components["schemas"]["DeploymentProgress"];

const HEIGHT = 200;

const SERIES = [
  ["Begun", "--accent"],
  ["Updated", "--good"],
  ["Failed", "--bad"],
] as const;

function columnsOf({ created, points }: Progress): uPlot.AlignedData {
  const seconds = (time: string) => new Date(time).getTime() / 1000;
  return [
    [seconds(created), ...points.map(({ time }) => seconds(time))],
    [0, ...points.map(({ begun }) => begun)],
    [0, ...points.map(({ success }) => success)],
    [0, ...points.map(({ failure }) => failure)],
  ];
}

/** Counters keep their value until they change. */
const steps = uPlot.paths.stepped?.({ align: 1 });

function draw(place: HTMLElement, progress: Progress, isUtc: boolean): () => void {
  const colour = (name: string) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    place.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const axis = { stroke: colour("--ink-2"), grid: { stroke: colour("--line"), width: 1 } };
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      ...(isUtc && { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "UTC") }),
      cursor: { y: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(max, progress.max_devices)] } },
      axes: [axis, axis],
      series: [
        {},
        ...SERIES.map(([label, name]) => ({
          label,
          stroke: colour(name),
          width: 2,
          ...(steps && { paths: steps }),
        })),
      ],
    },
    columnsOf(progress),
    place,
  );
  const sizes = new ResizeObserver(() => {
    // It is told of the first size as well, which is drawn already.
    if (place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  sizes.observe(place);
  return () => {
    sizes.disconnect();
    plot.destroy();
  };
}

function Drawn({ progress }: { progress: Progress }) {
  const place = useRef<HTMLDivElement>(null);
  const isUtc = useIsUtc();
  useEffect(() => (place.current ? draw(place.current, progress, isUtc) : undefined), [progress, isUtc]);
  return <div ref={place} class="chart" aria-hidden="true" />;
}

/** How it went over time, as lines and as a table. */
export function ProgressChart({ id }: { id: string }) {
  const progress = useProgress(id);
  return (
    <Loaded of={progress}>
      {(found) =>
        found.points.length === 0 ? (
          <p class="quiet">Nothing has changed yet.</p>
        ) : (
          <>
            <Drawn progress={found} />
            <details>
              <summary>As a table</summary>
              <Table
                label="Devices over time"
                rows={found.points}
                keyOf={({ time }) => time}
                columns={[
                  { title: "Time", cell: ({ time }) => <When at={time} /> },
                  { title: "Begun", isNumber: true, cell: ({ begun }) => count(begun) },
                  { title: "Updated", isNumber: true, cell: ({ success }) => count(success) },
                  { title: "Failed", isNumber: true, cell: ({ failure }) => count(failure) },
                ]}
              />
            </details>
          </>
        )
      }
    </Loaded>
  );
}
