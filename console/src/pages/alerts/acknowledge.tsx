import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Act, Asked } from "../../parts/act.tsx";
import { TextField } from "../../parts/field.tsx";

type Alert = components["schemas"]["OpenAlert"];

async function say({ id }: Alert, acknowledged: boolean, note = ""): Promise<void> {
  await api.POST("/api/management/v1/devicemonitor/alerts/acknowledge", {
    body: { ids: [id], acknowledged, ...(note && { note }) },
  });
  refresh("alerts?");
}

/** Says that somebody knows of it, with a note for the others; or takes that back. */
export function Acknowledge({ alert }: { alert: Alert }) {
  const [note, setNote] = useState("");
  if (alert.acknowledged) return <Act label="Not seen" run={() => say(alert, false)} />;
  return (
    <Asked label="Acknowledge" title="Acknowledge" run={() => say(alert, true, note)}>
      <p>It stays in the list, as seen by you, until its level changes or it is over.</p>
      <TextField label="Note" hint="For the others; may be left empty" value={note} set={setNote} />
    </Asked>
  );
}
