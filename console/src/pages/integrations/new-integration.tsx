import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { SheetForm } from "../../parts/act.tsx";
import { Check, TextField } from "../../parts/field.tsx";

const SECRET_BYTES = 32;

const newSecret = (): string =>
  [...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

/** The secret is shown here and never again. */
export function NewIntegration({ onClose }: { onClose: () => void }) {
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState(newSecret);
  const [description, setDescription] = useState("");
  const [tellsInventory, setInventory] = useState(false);
  const run = async () => {
    await api.POST("/api/management/v1/iot-manager/integrations", {
      body: {
        provider: "webhook",
        credentials: { type: "http", http: { url, ...(secret && { secret }) } },
        scopes: tellsInventory ? ["deviceauth", "inventory"] : ["deviceauth"],
        ...(description && { description }),
      },
    });
    refresh("integrations");
  };
  return (
    <SheetForm title="New integration" action="Create" run={run} onClose={onClose}>
      <TextField type="url" label="Address" placeholder="https://" value={url} set={setUrl} required />
      <TextField
        label="Secret"
        hint="Signs each body (HMAC-SHA256). Copy it now: it is not shown again."
        value={secret}
        set={setSecret}
      />
      <TextField label="Description" value={description} set={setDescription} />
      <Check label="Tell also of attributes that change" isOn={tellsInventory} set={setInventory} />
    </SheetForm>
  );
}
