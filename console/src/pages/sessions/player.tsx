import { useRoute } from "preact-iso/router";
import { useEffect, useRef, useState } from "preact/hooks";
import { refuseBad } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Empty } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { shortId } from "../../parts/text.ts";
import { type Cast, readCast } from "../../terminal/cast.ts";
import type { Screen } from "../../terminal/screen.ts";

const SPEEDS = [1, 2, 4, 8] as const;

const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** Draws a recording as it was at a time; forwards it adds what came since, back it begins anew. */
function useScreen({ size, moments }: Cast) {
  const place = useRef<HTMLElement>(null);
  const screen = useRef<Screen | undefined>(undefined);
  const shown = useRef(0);
  useEffect(() => {
    let isLeft = false;
    void import("../../terminal/screen.ts").then(({ openScreen }) => {
      if (!isLeft && place.current) screen.current = openScreen(place.current, size);
    });
    return () => {
      isLeft = true;
      screen.current?.close();
    };
  }, []);
  const showAt = (atS: number) => {
    const terminal = screen.current?.terminal;
    if (!terminal) return;
    const isBack = shown.current > 0 && (moments[shown.current - 1]?.atS ?? 0) > atS;
    if (isBack) {
      terminal.reset();
      terminal.resize(size.cols, size.rows);
      shown.current = 0;
    }
    for (; shown.current < moments.length; shown.current += 1) {
      const moment = moments[shown.current];
      if (!moment || moment.atS > atS) break;
      if (moment.size) terminal.resize(moment.size.cols, moment.size.rows);
      if (moment.output !== undefined) terminal.write(moment.output);
    }
  };
  return { place, showAt };
}

function Player({ cast }: { cast: Cast }) {
  const { place, showAt } = useScreen(cast);
  const [atS, setAt] = useState(0);
  const [speed, setSpeed] = useState<number>(1);
  const [isPlaying, setPlaying] = useState(true);
  const go = (to: number) => {
    const next = Math.min(to, cast.lengthS);
    setAt(next);
    showAt(next);
  };
  useEffect(() => {
    if (!isPlaying) return;
    let [at, lastMs] = [atS, performance.now()];
    let frame = requestAnimationFrame(function step(nowMs) {
      at += Math.max(0, ((nowMs - lastMs) / 1000) * speed);
      lastMs = nowMs;
      go(at);
      if (at >= cast.lengthS) return setPlaying(false);
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [isPlaying, speed]);
  const toggle = () => {
    if (!isPlaying && atS >= cast.lengthS) go(0);
    setPlaying(!isPlaying);
  };
  return (
    <>
      <section class="row player" aria-label="Player">
        <button type="button" class="button" onClick={toggle}>
          <Icon name={isPlaying ? "pause" : "play"} />
          {isPlaying ? "Pause" : "Play"}
        </button>
        <input
          type="range"
          aria-label="Place in the recording"
          min={0}
          max={cast.lengthS}
          step={0.1}
          value={atS}
          onInput={({ currentTarget }) => {
            setPlaying(false);
            go(currentTarget.valueAsNumber);
          }}
        />
        <span class="number">
          {clock(atS)} / {clock(cast.lengthS)}
        </span>
        <label class="row">
          Speed
          <select
            class="input narrow"
            value={speed}
            onChange={({ currentTarget }) => setSpeed(Number(currentTarget.value))}
          >
            {SPEEDS.map((one) => (
              <option key={one} value={one}>
                {one} ×
              </option>
            ))}
          </select>
        </label>
      </section>
      <section ref={place} class="terminal recorded" aria-label="What was on the screen" />
    </>
  );
}

/** A terminal session as it was seen. */
export function Recording() {
  const { params } = useRoute();
  const id = params.id ?? "";
  const address = `/api/management/v1/deviceconnect/sessions/${encodeURIComponent(id)}/recording`;
  const cast = useResource(`recording/${id}`, async (signal) =>
    readCast(await (await refuseBad(await fetch(address, { signal }))).text()),
  );
  return (
    <Page
      title={`Session ${shortId(id)}`}
      actions={
        <a class="button" href={address} download>
          Download
        </a>
      }
    >
      <Loaded of={cast} again={() => refresh(`recording/${id}`)}>
        {(recording) =>
          recording.moments.length === 0 ? (
            <Empty title="Nothing of this session is on record" />
          ) : (
            <Player key={id} cast={recording} />
          )
        }
      </Loaded>
    </Page>
  );
}
