export type Tone = "good" | "warn" | "bad" | "busy" | "idle";

/** A word, and a shape that tells the same. */
export function State({ tone, children }: { tone: Tone; children: string }) {
  return <span class={`state ${tone}`}>{children}</span>;
}
