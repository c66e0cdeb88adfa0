import type { Tone } from "./state.tsx";
import { count } from "./text.ts";

export interface Share {
  name: string;
  tone: Tone;
  value: number;
}

const WIDTH = 100;

/** Shares of a whole beside each other; the same in words for who does not see it. */
export function Bar({ label, of, shares }: { label: string; of: number; shares: readonly Share[] }) {
  const words = shares.map(({ name, value }) => `${name} ${count(value)}`).join(", ");
  let at = 0;
  const placed = shares.map((share) => {
    const x = at;
    at += of > 0 ? (share.value / of) * WIDTH : 0;
    return { ...share, x, width: at - x };
  });
  return (
    <div>
      <svg class="bar" viewBox={`0 0 ${WIDTH} 8`} preserveAspectRatio="none" aria-hidden="true">
        {placed.map(({ name, tone, x, width }) => (
          <rect key={name} class={tone} x={x} width={width} height="8" />
        ))}
      </svg>
      <span class="hidden-text">{`${label}: ${words}`}</span>
    </div>
  );
}
