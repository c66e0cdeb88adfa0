import { useEffect, useRef, useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Problem } from "../../parts/problem.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { count, counted } from "../../parts/text.ts";
import { type Action, type Outcome, together } from "./actions.ts";

interface Progress {
  of: number;
  outcome: Outcome;
  isOver: boolean;
}

const NOTHING: Outcome = { done: 0, failed: new Map() };

function Came({ progress: { of, outcome, isOver } }: { progress: Progress }) {
  const failed = [...outcome.failed.values()].reduce((sum, number) => sum + number, 0);
  return (
    <div class="stack">
      <progress max={of} value={outcome.done + failed} aria-label="Progress" />
      <p aria-live="polite">
        {count(outcome.done)} of {counted(of, "device")} done{failed > 0 && `, ${count(failed)} not`}
        {isOver ? "." : " …"}
      </p>
      {failed > 0 && (
        <ul>
          {[...outcome.failed].map(([why, number]) => (
            <li key={why}>
              {count(number)} × {why}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** One action on many devices: what, on how many, and what came of it. It goes on in this page only. */
export function Bulk({
  action,
  expected,
  idsOf,
  close,
}: {
  action: Action;
  /** How many the user saw. */
  expected: number;
  idsOf: (signal: AbortSignal) => Promise<readonly string[]>;
  close: () => void;
}) {
  const groups = useResource("groups", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/inventory/groups", { signal })),
  );
  const [group, setGroup] = useState("");
  const [typed, setTyped] = useState("");
  const [progress, setProgress] = useState<Progress>();
  const [error, setError] = useState<unknown>();
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  const mustType = action.isRisky && expected > 1;
  const run = async (event: Event) => {
    event.preventDefault();
    const { signal } = stop.current;
    try {
      setProgress({ of: expected, outcome: NOTHING, isOver: false });
      const ids = await idsOf(signal);
      if (Math.abs(ids.length - expected) > Math.max(expected / 100, 10))
        throw new Error(`These are ${count(ids.length)} by now, not ${count(expected)}. Look again first.`);
      let outcome = NOTHING;
      for (let at = 0; at < ids.length && !signal.aborted; at += action.atOnce) {
        outcome = together(outcome, await action.run(ids.slice(at, at + action.atOnce), group));
        setProgress({ of: ids.length, outcome, isOver: false });
      }
      setProgress({ of: ids.length, outcome, isOver: true });
    } catch (cause) {
      if (signal.aborted) return;
      setProgress((now) => now && { ...now, isOver: true });
      setError(cause);
    }
    refresh("devices");
  };

  return (
    <Sheet title={`${action.name}: ${counted(expected, "device")}`} onClose={close}>
      <form class="stack" onSubmit={run}>
        <p>{action.told}</p>
        {!progress && action.wantsGroup && (
          <label class="field">
            <span>Group</span>
            <input
              class="input"
              required
              list="groups"
              pattern="[A-Za-z0-9_\-]+"
              title="letters, digits, - and _"
              value={group}
              onInput={({ currentTarget }) => setGroup(currentTarget.value)}
            />
            <datalist id="groups">
              {(groups.data ?? []).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </datalist>
          </label>
        )}
        {!progress && mustType && (
          <label class="field">
            <span>Type {expected} to say that you mean it</span>
            <input
              class="input"
              inputMode="numeric"
              value={typed}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          </label>
        )}
        {progress && <Came progress={progress} />}
        <Problem error={error} />
        <p class="quiet">It is done from this page, some at a time: it stops where you leave it.</p>
        <div class="row">
          {!progress && (
            <button
              type="submit"
              class={action.isRisky ? "button risky" : "button main"}
              disabled={mustType && typed !== String(expected)}
            >
              {action.name}
            </button>
          )}
          <button type="button" class="button" onClick={close}>
            {progress === undefined ? "Cancel" : progress.isOver ? "Close" : "Stop"}
          </button>
        </div>
      </form>
    </Sheet>
  );
}
