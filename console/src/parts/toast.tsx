import { signal } from "@preact/signals";
import { Refused } from "../api/client.ts";
import { missingOf } from "../api/missing.ts";

interface Note {
  id: number;
  text: string;
  isBad: boolean;
  undo?: () => void;
}

const STAYS_MS = 10_000;

const notes = signal<readonly Note[]>([]);
let lastId = 0;

const drop = (id: number): void => {
  notes.value = notes.value.filter((note) => note.id !== id);
};

/** Says in a corner what happened, for a while. */
export function tell(
  text: string,
  { isBad = false, undo }: { isBad?: boolean; undo?: () => void } = {},
): void {
  const id = ++lastId;
  // What is said already is not said beside itself.
  const others = notes.value.filter((note) => note.text !== text || note.undo);
  notes.value = [...others, { id, text, isBad, ...(undo && { undo }) }];
  setTimeout(() => drop(id), STAYS_MS);
}

/** Tells what an action of the user came to: its words if it was refused. `undo` takes it back as long as that is told. */
export async function telling<T>(
  work: () => Promise<T>,
  done?: string,
  undo?: (came: T) => Promise<unknown>,
): Promise<boolean> {
  try {
    const came = await work();
    if (done) tell(done, undo && { undo: () => void telling(() => undo(came), "It is as it was.") });
    return true;
  } catch (cause) {
    const told = cause instanceof Error ? cause.message : String(cause);
    const missing = cause instanceof Refused ? await missingOf(cause) : undefined;
    tell(missing === undefined ? told : `${told}. ${missing}`, { isBad: true });
    return false;
  }
}

export function Toasts() {
  return (
    <output class="toasts" aria-live="polite">
      {notes.value.map(({ id, text, isBad, undo }) => (
        <div key={id} class={isBad ? "toast bad" : "toast"}>
          <span>{text}</span>
          {undo && (
            <button
              type="button"
              class="button"
              onClick={() => {
                drop(id);
                undo();
              }}
            >
              Undo
            </button>
          )}
        </div>
      ))}
    </output>
  );
}
