import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { Problem } from "../../parts/problem.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { tell } from "../../parts/toast.tsx";

const PLACEHOLDER = "mac=02:00:00:00:00:01";

/** `name=value` in each line. */
function identityOf(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      if (at < 1) throw new Error(`each line is name=value, not: ${line}`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

/** Lets a device in before it asks for the first time. */
export function Preauthorize({ close }: { close: () => void }) {
  const [identity, setIdentity] = useState("");
  const [pubkey, setPubkey] = useState("");
  const [error, setError] = useState<unknown>();
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      const body = { identity_data: identityOf(identity), pubkey };
      await api.POST("/api/management/v2/devauth/devices", { body });
      refresh("devices");
      tell("It is let in when it asks.");
      close();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet title="Preauthorize a device" onClose={close}>
      <form class="stack" onSubmit={save}>
        <label class="field">
          <span>Identity</span>
          <textarea
            class="input mono"
            rows={3}
            required
            placeholder={PLACEHOLDER}
            value={identity}
            onInput={({ currentTarget }) => setIdentity(currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Public key</span>
          <textarea
            class="input mono"
            rows={5}
            required
            placeholder="-----BEGIN PUBLIC KEY-----"
            value={pubkey}
            onInput={({ currentTarget }) => setPubkey(currentTarget.value)}
          />
        </label>
        <Problem error={error} />
        <div class="row">
          <button type="submit" class="button main">
            Preauthorize
          </button>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Sheet>
  );
}
