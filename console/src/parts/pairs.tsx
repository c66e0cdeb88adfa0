export type Pairs = readonly (readonly [name: string, value: string])[];

/** Values with their names, each in a row. */
export function PairRows({ pairs, set }: { pairs: Pairs; set: (pairs: Pairs) => void }) {
  const change = (at: number, pair: readonly [string, string]) =>
    set(pairs.map((one, i) => (i === at ? pair : one)));
  return (
    <>
      {pairs.map(([name, value], i) => (
        <div key={i} class="config-row">
          <input
            class="input mono"
            aria-label="Name"
            value={name}
            onInput={({ currentTarget }) => change(i, [currentTarget.value, value])}
          />
          <input
            class="input mono"
            aria-label={`Value of ${name}`}
            value={value}
            onInput={({ currentTarget }) => change(i, [name, currentTarget.value])}
          />
          <button
            type="button"
            class="button plain"
            aria-label={`Remove ${name}`}
            onClick={() => set(pairs.filter((_, other) => other !== i))}
          >
            Remove
          </button>
        </div>
      ))}
    </>
  );
}

/** As an object; rows without a name are none. */
export const ofPairs = (pairs: Pairs): Record<string, string> =>
  Object.fromEntries(pairs.filter(([name]) => name !== ""));
