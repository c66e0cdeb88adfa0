import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import { type Column, pickedWith } from "../../parts/table.tsx";
import { counted } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { telling } from "../../parts/toast.tsx";
import { Preauthorize } from "./preauthorize.tsx";
import { identityText, Rules } from "./rules.tsx";

type Device = components["schemas"]["Device"];

const PER_PAGE = 50;

/** Reads again what a decision changes. */
const decided = (): void => ["admission", "devices", "home"].forEach(refresh);

async function decide(devices: readonly Device[], status: "accepted" | "rejected"): Promise<string> {
  const { succeeded, failed, results } = bodyOf(
    await api.POST("/api/management/v2/devauth/bulk/status", {
      body: { status, devices: devices.map(({ id }) => ({ id })) },
    }),
  );
  decided();
  const why = results.find(({ error }) => error !== undefined)?.error;
  if (failed > 0)
    throw new Error(`${counted(failed, "device")} not ${status}: ${why ?? "see the audit log"}`);
  return `${counted(succeeded, "device")} ${status}.`;
}

/** Devices that wait to be let in, oldest question last. */
export function Admission() {
  const [query] = useQuery();
  const page = Math.max(1, Number(query.page ?? "1") || 1);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [isAdding, setAdding] = useState(false);
  const [alike, setAlike] = useState<Device>();
  const waiting = useResource(`admission/${page}`, async (signal) =>
    bodyOf(
      await api.GET("/api/management/v2/devauth/devices", {
        params: { query: { status: ["pending"], page, per_page: PER_PAGE } },
        signal,
      }),
    ),
  );
  const run = (devices: readonly Device[], status: "accepted" | "rejected") => {
    setPicked(new Set());
    void telling(() => decide(devices, status));
  };
  const columns: readonly Column<Device>[] = [
    {
      title: "Identity",
      cell: (device) => <a href={`/devices/${device.id}`}>{identityText(device.identity_data)}</a>,
    },
    { title: "Asked first", cell: ({ created_ts }) => <When at={created_ts} /> },
    { title: "Keys", isNumber: true, cell: ({ auth_sets }) => auth_sets?.length ?? 0 },
    {
      title: "Decide",
      cell: (device) => (
        <span class="row">
          <button type="button" class="button" onClick={() => run([device], "accepted")}>
            Accept
          </button>
          <button type="button" class="button risky" onClick={() => run([device], "rejected")}>
            Reject
          </button>
          <button type="button" class="button plain" onClick={() => setAlike(device)}>
            Always accept like this
          </button>
        </span>
      ),
    },
  ];
  return (
    <Page
      title="Admission"
      actions={
        <button type="button" class="button" onClick={() => setAdding(true)}>
          Preauthorize
        </button>
      }
    >
      <Loaded of={waiting} again={() => refresh("admission")}>
        {(rows) =>
          rows.length === 0 && page === 1 ? (
            <Empty title="No device waits to be let in">
              <p>One that asks for the first time shows here, unless a rule lets it in.</p>
            </Empty>
          ) : (
            <>
              {picked.size > 0 && (
                <div class="selection row" role="toolbar" aria-label="Selected devices">
                  <strong>{counted(picked.size, "device")} selected</strong>
                  {(["accepted", "rejected"] as const).map((status) => (
                    <button
                      key={status}
                      type="button"
                      class={status === "accepted" ? "button main" : "button risky"}
                      onClick={() =>
                        run(
                          rows.filter(({ id }) => picked.has(id)),
                          status,
                        )
                      }
                    >
                      {status === "accepted" ? "Accept" : "Reject"}
                    </button>
                  ))}
                </div>
              )}
              <Paged
                label="Devices that wait"
                list={{ rows, total: undefined }}
                perPage={PER_PAGE}
                columns={columns}
                keyOf={({ id }) => id}
                picking={{
                  picked,
                  nameOf: (id) => identityText(rows.find((row) => row.id === id)?.identity_data ?? {}),
                  pick: (ids, isPicked) => setPicked((now) => pickedWith(now, ids, isPicked)),
                }}
              />
            </>
          )
        }
      </Loaded>
      <Rules alike={alike} close={() => setAlike(undefined)} />
      {isAdding && <Preauthorize close={() => setAdding(false)} />}
    </Page>
  );
}
