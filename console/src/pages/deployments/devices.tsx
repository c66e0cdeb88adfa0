import { useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { SelectField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import { State, type Tone } from "../../parts/state.tsx";
import type { Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { useKeepZone, ZoneSwitch } from "../../parts/zone.tsx";
import { ExplainSheet } from "./explain.tsx";
import { LogSheet } from "./log.tsx";
import { DEPLOYMENT, deploymentPath } from "./model.ts";
import { DeploymentTabs, useDeployment } from "./report.tsx";

type Row = components["schemas"]["DeviceWithImage"];
type Opened = { device: string; what: "log" | "reason" };

const PER_PAGE = 50;
const STATES = [
  ["", "all"],
  ["pending", "waiting"],
  ["inprogress", "at it"],
  ["success", "updated"],
  ["failure", "failed"],
  ["noartifact", "no artifact fits"],
  ["already-installed", "had it already"],
  ["aborted", "aborted"],
  ["decommissioned", "decommissioned"],
] as const;

const TONES: Partial<Record<Row["status"], Tone>> = {
  success: "good",
  "already-installed": "good",
  failure: "bad",
  aborted: "warn",
  downloading: "busy",
  installing: "busy",
  rebooting: "busy",
};

const stateWord = ({ status, substate }: Row): string =>
  plain(substate ? `${status.replaceAll("_", " ")}: ${substate}` : status.replaceAll("_", " "));

const columns = (open: (what: Opened) => void): readonly Column<Row>[] => [
  {
    title: "Device",
    cell: ({ id }) => (
      <a href={`/devices/${id}`} class="mono" title={id}>
        {shortId(id)}
      </a>
    ),
  },
  { title: "State", cell: (row) => <State tone={TONES[row.status] ?? "idle"}>{stateWord(row)}</State> },
  { title: "Type", cell: ({ device_type: type }) => plain(type ?? "") },
  { title: "Tries", isNumber: true, cell: ({ attempts }) => attempts ?? "" },
  { title: "Began", cell: ({ started }) => <When at={started} never="not yet" /> },
  { title: "Ended", cell: ({ finished }) => <When at={finished} never="not yet" /> },
  {
    title: "Why",
    cell: ({ id, log }) => (
      <span class="row">
        <button type="button" class="button" onClick={() => open({ device: id, what: "reason" })}>
          Reason
        </button>
        {log && (
          <button type="button" class="button" onClick={() => open({ device: id, what: "log" })}>
            Log
          </button>
        )}
      </span>
    ),
  },
];

/** The devices of a deployment, with why each is where it is. */
export function DeploymentDevices() {
  const { id = "" } = useRoute().params;
  const [query, setQuery] = useQuery();
  const keepZone = useKeepZone();
  const [opened, open] = useState<Opened>();
  const close = () => open(undefined);
  const status = STATES.find(([key]) => key === query.status)?.[0] ?? "";
  const page = Number(query.page ?? "1");
  const deployment = useDeployment(id);
  const devices = useResource(`deployment/${id}/devices?${status}&${page}`, async (signal) =>
    listed(
      await api.GET(`${DEPLOYMENT}/devices/list`, {
        params: { path: { id }, query: { page, per_page: PER_PAGE, ...(status && { status }) } },
        signal,
      }),
    ),
  );
  return (
    <Page title={plain(deployment.data?.name ?? "Deployment")} actions={<ZoneSwitch />}>
      <DeploymentTabs id={id} at={`${deploymentPath(id)}/devices`} />
      <div class="filters">
        <SelectField
          label="State"
          value={status}
          set={(value) => setQuery({ status: value, page: undefined })}
          options={STATES}
        />
      </div>
      <Loaded of={devices} again={() => refresh(`deployment/${id}/devices`)}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty title={status ? "No device is like this" : "No device has asked for it yet"}>
              {status ? (
                <a class="button" href={keepZone(`${deploymentPath(id)}/devices`)}>
                  Clear filter
                </a>
              ) : (
                <span>Devices ask by themselves, each in its own rhythm.</span>
              )}
            </Empty>
          ) : (
            <Paged
              label="Devices"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={columns(open)}
              keyOf={(row) => row.id}
            />
          )
        }
      </Loaded>
      {opened?.what === "log" && <LogSheet deployment={id} device={opened.device} onClose={close} />}
      {opened?.what === "reason" && <ExplainSheet deployment={id} device={opened.device} onClose={close} />}
    </Page>
  );
}
