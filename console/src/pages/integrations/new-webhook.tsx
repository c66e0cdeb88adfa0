import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { SheetForm } from "../../parts/act.tsx";
import { Check, SelectField, TextField } from "../../parts/field.tsx";
import { BASE, KINDS, SHAPES, type Webhook } from "./webhook-words.ts";

/** Whom to tell of what; `onMade` gets the secret, which the server shows this once. */
export function NewWebhook({ onMade, onClose }: { onMade: (secret: string) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [shape, setShape] = useState<Webhook["shape"]>("cloudevents");
  const [target, setTarget] = useState("");
  const [types, choose] = useState<readonly string[]>(["device.*", "deployment.*"]);
  const isMail = shape === "mail";
  const run = async () => {
    const made = bodyOf(await api.POST(BASE, { body: { name, shape, target, types: [...types] } }));
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
      <fieldset class="sheet padded stack">
        <legend>Told of</legend>
        {KINDS.map(([type, title]) => (
          <Check
            key={type}
            label={title}
            isOn={types.includes(type)}
            set={(isOn) => choose(isOn ? [...types, type] : types.filter((one) => one !== type))}
          />
        ))}
      </fieldset>
    </SheetForm>
  );
}
