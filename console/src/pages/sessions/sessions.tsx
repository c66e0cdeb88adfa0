import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { has } from "../../api/session.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import { State } from "../../parts/state.tsx";
import type { Column } from "../../parts/table.tsx";
import { bytes, plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Session = components["schemas"]["RemoteSession"];

const PER_PAGE = 50;
const BASE = "/api/management/v1/deviceconnect/sessions";

const COLUMNS: readonly Column<Session>[] = [
  { title: "Began", cell: ({ started_ts: at }) => <When at={at} /> },
  { title: "Who", cell: ({ user_email: email }) => plain(email) },
  {
    title: "Device",
    cell: ({ device_id: id }) => (
      <a href={`/devices/${id}`} class="mono">
        {shortId(id)}
      </a>
    ),
  },
  { title: "Kind", cell: ({ kind }) => kind },
  {
    title: "Ended",
    cell: ({ ended_ts: at }) => (at ? <When at={at} /> : <State tone="busy">open</State>),
  },
  {
    title: "Recording",
    cell: ({ session_id: id, recorded_bytes: size }) =>
      size > 0 ? (
        has("session_playback") ? (
          <a href={`/sessions/${id}`}>Play {bytes(size)}</a>
        ) : (
          bytes(size)
        )
      ) : (
        <span class="quiet">none</span>
      ),
  },
];

/** Who was on which device. */
export function Sessions() {
  const [query] = useQuery();
  const page = Number(query.page ?? "1");
  const sessions = useResource(`sessions?${page}`, async (signal) =>
    listed(await api.GET(BASE, { params: { query: { page, per_page: PER_PAGE } }, signal })),
  );
  return (
    <Page title="Remote sessions">
      <Loaded of={sessions} again={() => refresh("sessions")}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty title="Nobody was on a device yet">
              <span>A terminal is opened on the page of a device that is connected.</span>
            </Empty>
          ) : (
            <Paged
              label="Remote sessions"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={COLUMNS}
              keyOf={(row) => row.session_id}
            />
          )
        }
      </Loaded>
    </Page>
  );
}
