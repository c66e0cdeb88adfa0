import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Act } from "../../parts/act.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { bytes, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Live = components["schemas"]["LiveSession"];

const SESSIONS = "/api/management/v1/deviceconnect/devices/{id}/sessions";

/** Who else is on the device now. */
export function OpenSessions({ id }: { id: string }) {
  const key = `device/${id}/sessions`;
  const live = useResource(
    key,
    async (signal) => (await api.GET(SESSIONS, { params: { path: { id } }, signal })).data ?? [],
  );
  const end = async (session_id: string) => {
    await api.DELETE(`${SESSIONS}/{session_id}`, { params: { path: { id, session_id } } });
    refresh(key);
  };
  const columns: readonly Column<Live>[] = [
    { title: "Who", cell: ({ user_email: email }) => plain(email) },
    { title: "What", cell: ({ kind }) => kind },
    { title: "Since", cell: ({ opened_ts: at }) => <When at={at} /> },
    { title: "Sent", isNumber: true, cell: ({ output_bytes: sent }) => bytes(sent) },
    { title: "", cell: ({ session_id }) => <Act label="End" isRisky run={() => end(session_id)} /> },
  ];
  return (
    <Loaded of={live} again={() => refresh(key)}>
      {(rows) =>
        rows.length > 0 && (
          <Table label="Open sessions" rows={rows} columns={columns} keyOf={(row) => row.session_id} />
        )
      }
    </Loaded>
  );
}
