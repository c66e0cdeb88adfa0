import { Copy } from "./copy.tsx";
import { Sheet } from "./sheet.tsx";

/** A secret that the server shows a single time. */
export const Once = ({ title, value, onClose }: { title: string; value: string; onClose: () => void }) => (
  <Sheet title={title} onClose={onClose}>
    <p>Copy it now: it is not shown again.</p>
    <pre class="log">{value}</pre>
    <form method="dialog" class="row">
      <Copy text={value} what="the secret" />
      <button type="submit" class="button main">
        I have it
      </button>
    </form>
  </Sheet>
);
