import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import { count } from "../../parts/text.ts";
import { useIsUtc } from "../../parts/zone.tsx";
import { columnsOf, type Mark, type OverTime, STATES } from "./over-time.ts";

const HEIGHT = 200;
/** Above the field, for the names of marks. */
const HEAD = 20;
const LETTERS = 12;
const DASH = 4;
/** There are no parts of devices. */
const DISTANCES = [1, 10, 100, 1000, 10_000, 100_000].flatMap((tens) => [tens, 2 * tens, 5 * tens]);

/** Of the states, in their order. */
const COLOURS = ["--accent", "--warn", "--bad", "--good"] as const;

/** Counters keep their value until they change. */
const steps = uPlot.paths.stepped?.({ align: 1 });

/** What colours of the page are at this moment: a canvas knows no names of them. */
const coloursIn = (place: HTMLElement) => (colour: string) => {
  const probe = document.createElement("span");
  probe.style.color = colour;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

/** Lines from top to bottom with their names above, as far as those have room. */
const drawMarks =
  (marks: readonly Mark[], colourOf: (mark: Mark) => string, font: string) => (plot: uPlot) => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    let free = 0;
    ctx.save();
    ctx.font = `${LETTERS * ratio}px ${font}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = ratio;
    ctx.setLineDash([DASH * ratio, DASH * ratio]);
    for (const mark of marks) {
      const x = plot.valToPos(mark.atMs / 1000, "x", true);
      ctx.strokeStyle = ctx.fillStyle = colourOf(mark);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const { width } = ctx.measureText(mark.name);
      const from = Math.max(0, Math.min(x - width / 2, ctx.canvas.width - width));
      if (from < free) continue;
      ctx.fillText(mark.name, from, bbox.top - DASH * ratio);
      free = from + width + LETTERS * ratio;
    }
    ctx.restore();
  };

function draw(place: HTMLElement, { gone, plan, marks, maxDevices }: OverTime, isUtc: boolean): () => void {
  const colour = coloursIn(place);
  const quiet = colour("var(--ink-2)");
  const axis = { stroke: quiet, grid: { stroke: colour("var(--line)"), width: 1 } };
  const colourOf = ({ isHalt }: Mark) => (isHalt ? colour("var(--warn)") : quiet);
  const stepped = steps && { paths: steps };
  /** Of each state its own devices, not those below it too. */
  const own: uPlot.Series.Value = (plot, _, series, i) => {
    const top = i === null ? null : plot.data[series]?.[i];
    if (i === null || top === null || top === undefined) return "–";
    const below = series < STATES.length ? plot.data[series + 1]?.[i] : 0;
    return count(top - (below ?? 0));
  };
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT + HEAD,
      padding: [HEAD, null, null, null],
      ...(isUtc && { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "UTC") }),
      cursor: { y: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(max, maxDevices)] } },
      axes: [axis, { ...axis, incrs: DISTANCES }],
      series: [
        {},
        // Each covers what of those before is behind it.
        ...STATES.map((label, i) => ({
          label,
          stroke: colour(`var(${COLOURS[i]})`),
          fill: colour(`color-mix(in srgb, var(${COLOURS[i]}) 40%, var(--sheet))`),
          width: 1,
          points: { show: false },
          value: own,
          ...stepped,
        })),
        ...(plan.length > 0
          ? [
              {
                label: "Plan",
                stroke: colour("var(--ink)"),
                width: 2,
                dash: [2 * DASH, DASH],
                points: { show: false },
                ...stepped,
              },
            ]
          : []),
      ],
      hooks: { draw: [drawMarks(marks, colourOf, getComputedStyle(place).fontFamily)] },
    },
    columnsOf(gone, plan, marks) as uPlot.AlignedData, // seconds are never null
    place,
  );
  const sizes = new ResizeObserver(() => {
    // It is told of the first size as well, which is drawn already.
    if (place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT + HEAD });
  });
  sizes.observe(place);
  return () => {
    sizes.disconnect();
    plot.destroy();
  };
}

/** How it went over time, as a picture. */
export function Drawn({ over }: { over: OverTime }) {
  const place = useRef<HTMLDivElement>(null);
  const isUtc = useIsUtc();
  useEffect(() => (place.current ? draw(place.current, over, isUtc) : undefined), [over, isUtc]);
  return <div ref={place} class="chart" aria-hidden="true" />;
}
