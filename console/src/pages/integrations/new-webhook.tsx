import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { SheetForm } from "../../parts/act.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { AT_FIRST, TellingFields, wantedOf } from "./webhook-fields.tsx";
import { BASE, SHAPES, type Webhook } from "./webhook-words.ts";

/** Whom to tell of what; `onMade` gets the secret, which the server shows this once. */
export function NewWebhook({ onMade, onClose }: { onMade: (secret: string) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [shape, setShape] = useState<Webhook["shape"]>("cloudevents");
  const [target, setTarget] = useState("");
  const [telling, tell] = useState(AT_FIRST);
  const isMail = shape === "mail";
  const run = async () => {
    const made = bodyOf(await api.POST(BASE, { body: { name, shape, target, ...wantedOf(telling) } }));
    refresh("webhooks");
    if (shape === "cloudevents") onMade(made.secret);
  };
  return (
    <SheetForm title="New webhook" action="Create" run={run} onClose={onClose}>
      <TextField label="Name" value={name} set={setName} required />
      <SelectField label="For" value={shape} set={setShape} options={SHAPES} />
      <TextField
        type={isMail ? "email" : "url"}
        label={isMail ? "Mailbox" : "Address"}
        placeholder={isMail ? "" : "https://"}
        value={target}
        set={setTarget}
        required
      />
      <TellingFields of={telling} set={tell} />
    </SheetForm>
  );
}
