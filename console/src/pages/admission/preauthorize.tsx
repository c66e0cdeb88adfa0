import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { SheetForm } from "../../parts/act.tsx";
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
  const save = async () => {
    const body = { identity_data: identityOf(identity), pubkey };
    await api.POST("/api/management/v2/devauth/devices", { body });
    refresh("devices");
    tell("It is let in when it asks.");
  };
  return (
    <SheetForm title="Preauthorize a device" action="Preauthorize" run={save} onClose={close}>
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
    </SheetForm>
  );
}
