import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { statusTone } from "../../parts/device.ts";
import { Sheet } from "../../parts/sheet.tsx";
import { State } from "../../parts/state.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { telling } from "../../parts/toast.tsx";
import { type ConsoleDevice, refreshDevice } from "./read.ts";

type AuthSet = components["schemas"]["AuthSet"];

/** The part of a key in which keys differ. */
const keyText = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, "").slice(-24);

async function setStatus(id: string, aid: string, status: "accepted" | "rejected"): Promise<void> {
  await api.PUT("/api/management/v2/devauth/devices/{id}/auth/{aid}/status", {
    params: { path: { id, aid } },
    body: { status },
  });
  refreshDevice(id);
}

async function dismiss(id: string, aid: string): Promise<void> {
  await api.DELETE("/api/management/v2/devauth/devices/{id}/auth/{aid}", { params: { path: { id, aid } } });
  refreshDevice(id);
}

function Buttons({ id, set }: { id: string; set: AuthSet }) {
  return (
    <span class="row">
      {set.status !== "accepted" && (
        <button
          type="button"
          class="button"
          onClick={() => void telling(() => setStatus(id, set.id, "accepted"))}
        >
          Accept
        </button>
      )}
      {set.status !== "rejected" && set.status !== "preauthorized" && (
        <button
          type="button"
          class="button risky"
          onClick={() => void telling(() => setStatus(id, set.id, "rejected"))}
        >
          Reject
        </button>
      )}
      <button type="button" class="button plain" onClick={() => void telling(() => dismiss(id, set.id))}>
        Forget
      </button>
    </span>
  );
}

function Decommission({ id, name }: { id: string; name: string }) {
  const [isAsking, ask] = useState(false);
  const { route } = useLocation();
  const run = () =>
    telling(async () => {
      await api.DELETE("/api/management/v2/devauth/devices/{id}", { params: { path: { id } } });
      refresh("devices");
      route("/devices");
    }, `${name} is decommissioned.`);
  return (
    <div class="row">
      <button type="button" class="button risky" onClick={() => ask(true)}>
        Decommission
      </button>
      {isAsking && (
        <Sheet title={`Decommission ${name}`} onClose={() => ask(false)}>
          <p>
            It is forgotten with its inventory and history, and its token ends. If it asks again, it is new.
          </p>
          <div class="row">
            <button type="button" class="button risky" onClick={() => void run()}>
              Decommission
            </button>
            <button type="button" class="button" onClick={() => ask(false)}>
              Cancel
            </button>
          </div>
        </Sheet>
      )}
    </div>
  );
}

/** Who the device says it is, by which keys. */
export function Access({ id, of: { device } }: { id: string; of: ConsoleDevice }) {
  const columns: readonly Column<AuthSet>[] = [
    { title: "State", cell: ({ status }) => <State tone={statusTone(status)}>{status}</State> },
    {
      title: "Key",
      cell: ({ pubkey, weak_key }) => (
        <>
          <code title={pubkey}>…{keyText(pubkey)}</code>{" "}
          {weak_key && <State tone="warn">{`weak: ${weak_key}`}</State>}
        </>
      ),
    },
    { title: "Since", cell: ({ ts }) => <When at={ts} /> },
    { title: "Set", cell: ({ id: set }) => <code title={set}>{shortId(set)}</code> },
    ...(may("devices:manage")
      ? [{ title: "Decide", cell: (set: AuthSet) => <Buttons id={id} set={set} /> }]
      : []),
  ];
  return (
    <>
      <dl class="sheet padded facts">
        {Object.entries(device.identity_data).map(([name, value]) => (
          <>
            <dt>{plain(name)}</dt>
            <dd class="mono">{plain(typeof value === "string" ? value : JSON.stringify(value))}</dd>
          </>
        ))}
        <dt>Known since</dt>
        <dd>
          <When at={device.created_ts} />
        </dd>
        <dt>Tier</dt>
        <dd>{device.tier}</dd>
        <dt>Id</dt>
        <dd class="mono">{device.id}</dd>
      </dl>
      <Table
        label="Authentication sets"
        rows={device.auth_sets ?? []}
        columns={columns}
        keyOf={(set) => set.id}
      />
      {may("devices:manage") && <Decommission id={id} name={shortId(id)} />}
    </>
  );
}
