import { api } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Close } from "../../parts/close.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { State } from "../../parts/state.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Log } from "../../parts/log.tsx";

type Alert = Omit<components["schemas"]["KeptAlert"], "subject"> & {
  subject: { name?: string; type?: string; status?: string; details?: { description?: string } };
};

function One({ alert }: { alert: Alert }) {
  const { name, type, status, details } = alert.subject;
  return (
    <li class="stack">
      <span class="row">
        <State tone={alert.level === "OK" ? "good" : "bad"}>{plain(alert.level)}</State>
        <strong>{plain(alert.name)}</strong>
        <span class="quiet">
          <When at={alert.timestamp} />
        </span>
      </span>
      <span>{plain(`${type ?? ""} ${name ?? ""}: ${status ?? ""}`)}</span>
      {details?.description && <Log label="Description" text={plain(details.description)} />}
    </li>
  );
}

/** What a device told lately, newest first. */
export function AlertsOfDevice({ device, onClose }: { device: string; onClose: () => void }) {
  const alerts = useResource(`alerts/${device}`, async (signal) => {
    const { data } = await api.GET("/api/management/v1/devicemonitor/devices/{id}/alerts", {
      params: { path: { id: device }, query: { per_page: 20 } },
      signal,
    });
    return (data ?? []) as unknown as Alert[]; // the document says of the subject only that it is an object
  });
  return (
    <Sheet title={`What ${shortId(device)} tells`} onClose={onClose}>
      <Loaded of={alerts}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="Nothing lately" />
          ) : (
            <ul class="stack">
              {rows.map((alert) => (
                <One key={alert.id} alert={alert} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Close />
    </Sheet>
  );
}
