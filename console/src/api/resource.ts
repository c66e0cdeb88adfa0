import { signal, type Signal } from "@preact/signals";
import { useLayoutEffect, useMemo } from "preact/hooks";

/** Something of the server's, as it was last read. What was read stays until something newer is there. */
export interface Resource<T> {
  data: T | undefined;
  error: unknown;
  isLoading: boolean;
}

interface Entry {
  state: Signal<Resource<unknown>>;
  readMs: number;
  readers: number;
  running: AbortController | undefined;
  read: (signal: AbortSignal) => Promise<unknown>;
}

/** Read again when a page shows it after so long. */
const FRESH_MS = 5000;
const MAX_KEPT = 100;

/** How many answers are waited for. */
export const reading = signal(0);

const entries = new Map<string, Entry>();

function entryOf(key: string, read: Entry["read"]): Entry {
  const known = entries.get(key);
  if (known) {
    known.read = read;
    return known;
  }
  for (const [other, { readers }] of entries) {
    if (entries.size < MAX_KEPT) break;
    if (readers === 0) entries.delete(other);
  }
  const state = signal<Resource<unknown>>({ data: undefined, error: undefined, isLoading: true });
  const made = { state, readMs: 0, readers: 0, running: undefined, read };
  entries.set(key, made);
  return made;
}

async function load(entry: Entry): Promise<void> {
  entry.running?.abort();
  const running = new AbortController();
  entry.running = running;
  entry.state.value = { ...entry.state.peek(), isLoading: true };
  reading.value += 1;
  try {
    const data = await entry.read(running.signal);
    if (entry.running !== running) return;
    entry.readMs = Date.now();
    entry.state.value = { data, error: undefined, isLoading: false };
  } catch (error) {
    if (entry.running !== running || running.signal.aborted) return;
    entry.state.value = { ...entry.state.peek(), error, isLoading: false };
  } finally {
    reading.value -= 1;
  }
  entry.running = undefined;
}

/** Reads while a page shows it; the same key is read once for all who show it. No key reads nothing. */
export function useResource<T>(
  key: string | undefined,
  read: (signal: AbortSignal) => Promise<T>,
): Resource<T> {
  const entry = useMemo(
    () => entryOf(key ?? "", key === undefined ? () => Promise.resolve(undefined) : read),
    [key],
  );
  // Before it is drawn, so that the answer is on its way meanwhile.
  useLayoutEffect(() => {
    entry.readers += 1;
    if (Date.now() - entry.readMs > FRESH_MS && !entry.running) void load(entry);
    return () => {
      entry.readers -= 1;
      if (entry.readers > 0) return;
      entry.running?.abort();
      entry.running = undefined;
    };
  }, [entry]);
  return entry.state.value as Resource<T>; // each key is read by one kind of reader
}

/** Reads again what begins so: at once where it is shown, which it waits for, else when it is. */
export async function refreshed(prefix: string): Promise<void> {
  const shown: Promise<void>[] = [];
  for (const [key, entry] of entries) {
    if (!key.startsWith(prefix)) continue;
    entry.readMs = 0;
    if (entry.readers > 0) shown.push(load(entry));
  }
  await Promise.all(shown);
}

/** The same, for who does not wait. */
export const refresh = (prefix: string): void => void refreshed(prefix);

/** Of who was signed in before. */
export const forgetAll = (): void => entries.clear();
