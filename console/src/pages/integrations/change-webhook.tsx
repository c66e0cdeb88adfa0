import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { SheetForm } from "../../parts/act.tsx";
import { TextField } from "../../parts/field.tsx";
import { plain } from "../../parts/text.ts";
import { TellingFields, tellingOf, wantedOf } from "./webhook-fields.tsx";
import { BASE, type Webhook } from "./webhook-words.ts";

const MAX_BATCH = 100;
const MAX_OVERLAP_H = 168;

/** Another name, address, kind of events or choice of devices; its secret stays. */
export function ChangeWebhook({ of, onClose }: { of: Webhook; onClose: () => void }) {
  const [name, setName] = useState(of.name);
  const [target, setTarget] = useState("");
  const [batch, setBatch] = useState(String(of.batch));
  const [telling, tell] = useState(() => tellingOf(of));
  const isMail = of.shape === "mail";
  const run = async () => {
    await api.PUT(`${BASE}/{id}`, {
      params: { path: { id: of.id } },
      body: {
        name,
        ...wantedOf(telling),
        batch: Number(batch),
        enabled: of.enabled,
        ...(target !== "" && { target }),
      },
    });
    refresh("webhook");
  };
  return (
    <SheetForm title={`Change ${plain(of.name)}`} action="Keep" run={run} onClose={onClose}>
      <TextField label="Name" value={name} set={setName} required />
      <TextField
        type={isMail ? "email" : "url"}
        label={isMail ? "Another mailbox" : "Another address"}
        hint={`Left empty, it stays as it is: ${plain(of.target)}`}
        value={target}
        set={setTarget}
      />
      {of.shape === "cloudevents" && (
        <TextField
          type="number"
          min={1}
          max={MAX_BATCH}
          label="Events in one request, at most"
          value={batch}
          set={setBatch}
          required
        />
      )}
      <TellingFields of={telling} set={tell} />
    </SheetForm>
  );
}

/** Signs with another secret, which is shown this once, and for a while with the one before as well. */
export function NewSecret({
  of,
  onMade,
  onClose,
}: {
  of: Webhook;
  onMade: (secret: string) => void;
  onClose: () => void;
}) {
  const [hours, setHours] = useState("24");
  const run = async () => {
    const { secret } = bodyOf(
      await api.POST(`${BASE}/{id}/secret`, {
        params: { path: { id: of.id } },
        body: { overlap_hours: Number(hours) },
      }),
    );
    refresh("webhook");
    onMade(secret);
  };
  return (
    <SheetForm title="A new secret" action="Make it" run={run} onClose={onClose}>
      <p>
        What is sent from now on is signed with a new secret, and for a while with the one before as well, so
        that the receiver can change to it in between.
      </p>
      <TextField
        type="number"
        min={0}
        max={MAX_OVERLAP_H}
        label="Hours for which both hold"
        hint="0 if the one before is in wrong hands"
        value={hours}
        set={setHours}
        required
      />
    </SheetForm>
  );
}
