import { telling } from "./toast.tsx";

/** Puts a text where it can be pasted from. `what` names it. */
export const Copy = ({ text, what }: { text: string; what: string }) => (
  <button
    type="button"
    class="button"
    aria-label={`Copy ${what}`}
    onClick={() => void telling(() => navigator.clipboard.writeText(text), `Copied: ${what}`)}
  >
    Copy
  </button>
);
