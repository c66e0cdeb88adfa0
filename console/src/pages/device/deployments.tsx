import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Log } from "../../parts/log.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { State, type Tone } from "../../parts/state.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import type { ConsoleDevice } from "./read.ts";

type Row = ConsoleDevice["deployments"][number];

const TONES: Readonly<Record<string, Tone>> = { success: "good", failure: "bad", aborted: "warn" };

/** The server's word for why a device has, or has not got, a deployment. */
function Why({ row: { deployment_id: deployment, id: device } }: { row: Row }) {
  const why = useResource(`why/${deployment}/${device}`, async (signal) =>
    bodyOf(
      await api.GET("/api/management/v1/deployments/deployments/{id}/devices/{device}/explain", {
        params: { path: { id: deployment, device } },
        signal,
      }),
    ),
  );
  return <Loaded of={why}>{({ description }) => <p>{plain(description)}</p>}</Loaded>;
}

function LogOf({ row: { deployment_id: deployment, id: device } }: { row: Row }) {
  const log = useResource(`log/${deployment}/${device}`, async (signal) =>
    bodyOf(
      await api.GET("/api/management/v1/deployments/deployments/{id}/devices/{device}/log", {
        params: { path: { id: deployment, device } },
        parseAs: "text",
        signal,
      }),
    ),
  );
  return <Loaded of={log}>{(text) => <Log label="Log" text={plain(text)} />}</Loaded>;
}

/** The deployments that a device has asked for; each with the reason for its state. */
export function Deployments({ of }: { id: string; of: ConsoleDevice }) {
  const [open, setOpen] = useState<Row>();
  const columns: readonly Column<Row>[] = [
    { title: "State", cell: ({ status }) => <State tone={TONES[status] ?? "busy"}>{status}</State> },
    {
      title: "Deployment",
      cell: ({ deployment_id, name }) => <a href={`/deployments/${deployment_id}`}>{plain(name)}</a>,
    },
    { title: "Release", cell: ({ artifact_name }) => plain(artifact_name) },
    { title: "Began", cell: ({ started, created }) => <When at={started ?? created} /> },
    { title: "Ended", cell: ({ finished }) => <When at={finished} never="not yet" /> },
    {
      title: "Why",
      cell: (row) => (
        <button type="button" class="button plain" onClick={() => setOpen(row)}>
          {row.log ? "Why, and the log" : "Why"}
        </button>
      ),
    },
  ];
  return (
    <>
      {of.deployments.length === 0 ? (
        <Empty title="It has asked for no deployment yet" />
      ) : (
        <Table
          label="Deployments of this device"
          rows={of.deployments}
          columns={columns}
          keyOf={(row) => row.deployment_id}
        />
      )}
      {open && (
        <Sheet title={plain(open.name)} onClose={() => setOpen(undefined)}>
          <Why row={open} />
          {open.log && <LogOf row={open} />}
          <div class="row">
            <button type="button" class="button" onClick={() => setOpen(undefined)}>
              Close
            </button>
          </div>
        </Sheet>
      )}
    </>
  );
}
