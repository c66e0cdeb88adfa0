import { api } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { has, may } from "../../api/session.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { State } from "../../parts/state.tsx";
import { When } from "../../parts/time.tsx";
import { happenings } from "./events.ts";
import type { ConsoleDevice } from "./read.ts";

const ENTRIES = 50;
const KINDS = ["deployment", "alert", "admission", "audit"] as const;

/** What happened to a device, newest first: its newest deployments, alerts, keys and entries of the audit log. */
export function Timeline({ id, of }: { id: string; of: ConsoleDevice }) {
  const [{ kind = "" }, set] = useQuery();
  const log = useResource(
    may("audit:read") && has("audit_logs") ? `device/${id}/audit` : undefined,
    async (signal) => {
      const query = { object_id: id, per_page: ENTRIES, extended: "true" } as const;
      return (await api.GET("/api/management/v1/auditlogs/logs", { params: { query }, signal })).data ?? [];
    },
  );
  const all = happenings(of, log.data ?? []);
  const shown = kind === "" ? all : all.filter((one) => one.kind === kind);
  return (
    <>
      <label class="row">
        Show
        <select
          class="input narrow"
          value={kind}
          onChange={({ currentTarget }) => set({ kind: currentTarget.value })}
        >
          <option value="">everything</option>
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {shown.length === 0 ? (
        <Empty title="Nothing of this kind has happened yet" />
      ) : (
        <ul class="sheet events" aria-label="Timeline">
          {shown.map(({ at, what, tone, href }, i) => (
            <li key={`${at}${i}`}>
              <When at={at} />
              <span>
                <State tone={tone}>{""}</State> {href ? <a href={href}>{what}</a> : what}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
