import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { count, percent } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { rolloutOf, type Deployment } from "./model.ts";

/** The phases with what each waits for. */
export function Phases({ deployment }: { deployment: Deployment }) {
  const { phases = [] } = deployment;
  if (phases.length === 0) return null;
  const states = new Map((rolloutOf(deployment).state?.phases ?? []).map((state) => [state.id, state]));
  const rows = phases.map((phase, index) => ({ ...phase, number: index + 1, state: states.get(phase.id) }));
  type Row = (typeof rows)[number];
  const waitsFor = ({ state, start_ts: start }: Row) => {
    const parts = [
      state?.needs_approvals && `${state.approvals?.length ?? 0} of ${state.needs_approvals} approvals`,
      state?.needs_results &&
        `${count(state.needs_results)} results, ${state.needs_success ?? 0} % of them good`,
    ].filter(Boolean);
    return parts.join(", ") || (start ? "its time" : "nothing");
  };
  return (
    <section class="stack">
      <Table
        label="Phases"
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { title: "Phase", cell: ({ number }) => number },
          {
            title: "Size",
            isNumber: true,
            cell: ({ batch_size: share, batch_size_devices: devices }) =>
              devices === undefined ? percent((share ?? 0) / 100) : `${count(devices)} devices`,
          },
          { title: "Begun", isNumber: true, cell: (row) => count(row.device_count) },
          {
            title: "Opens",
            cell: ({ state, start_ts: start }) => {
              const opens = state?.opens ?? start;
              const isOpen = opens !== undefined && new Date(opens).getTime() <= Date.now();
              return isOpen ? <State tone="good">open</State> : <When at={opens} never="not known yet" />;
            },
          },
          { title: "Waits for", cell: waitsFor },
        ]}
      />
    </section>
  );
}
