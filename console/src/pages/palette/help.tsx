import { areLettersOn, PLACES, setLetters } from "../../keys.ts";
import { Check } from "../../parts/field.tsx";
import { Close } from "../../parts/close.tsx";
import { Sheet } from "../../parts/sheet.tsx";

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ["Ctrl K or ⌘ K", "go to a page or a device, or begin something"],
  ["/", "to the query"],
  ["j, k", "next and previous row"],
  ["Enter", "open the row"],
  ["x", "select the row"],
  ["Shift x", "select from the row selected last to this one"],
  ["[, ]", "previous and next of the list from which this was opened"],
  ["c", "new deployment"],
  ...Object.entries(PLACES).map(([key, [, title]]) => [`g ${key}`, `to ${title}`] as const),
  ["?", "this list"],
  ["Esc", "close what lies over the page"],
];

/** What the keys do. */
export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Sheet title="Keys" onClose={onClose}>
      <dl class="facts">
        {KEYS.map(([keys, does]) => (
          <>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
      <Check label="Single letters do something" isOn={areLettersOn.value} set={setLetters} />
      <Close />
    </Sheet>
  );
}
