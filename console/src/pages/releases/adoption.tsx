import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table } from "../../parts/table.tsx";
import { count, counted, plain } from "../../parts/text.ts";
import { print } from "../../query/parse.ts";
import { AdoptionBar, devicesOf, type Deployed } from "./adoption-bar.tsx";

type Found = components["schemas"]["ReleaseAdoption"];
type Devices = NonNullable<Found["devices"]>;

const REASONS = {
  type: ["is of another type", "are of another type"],
  depends: ["lacks what it needs", "lack what it needs"],
} as const;

const numberOf = ({ devices, more }: Devices["fits"]): string =>
  more ? `more than ${count(devices)}` : count(devices);

/** The list of devices that run it. */
const onItPath = (name: string): string => {
  const values = [{ text: name, isQuoted: false }];
  const q = print({ kind: "condition", name: "release", operator: "=", values, isNegated: false });
  return `/devices?${new URLSearchParams({ q: `status:accepted ${q}` }).toString()}`;
};

const fitsText = ({ accepted, fits, not }: Devices): string =>
  [
    `${numberOf(fits)} of ${counted(accepted, "device")}`,
    ...not.map(({ reason, devices }) => `${count(devices)} ${REASONS[reason][devices === 1 ? 0 : 1]}`),
  ].join("; ");

function Days({ days }: { days: NonNullable<Found["days"]> }) {
  if (days.length === 0) return null;
  return (
    <details>
      <summary>Updated on each day</summary>
      <Table
        label="Updated on each day"
        rows={days.toReversed()}
        keyOf={({ day }) => day}
        columns={[
          { title: "Day", cell: ({ day }) => day },
          { title: "Updated", isNumber: true, cell: ({ success }) => count(success) },
        ]}
      />
    </details>
  );
}

const deploymentsText = (of: Deployed): string =>
  `${count(of.success)} updated, ${count(of.on_the_way)} on the way, ${count(of.failure)} failed, of ${counted(devicesOf(of), "device")} in ${counted(of.deployments, "deployment")}`;

/** How far a release has come. */
export function Adoption({ name }: { name: string }) {
  const found = useResource(`release-adoption/${name}`, async (signal) =>
    bodyOf(
      await api.GET("/api/management/v1/console/releases/{release_name}/adoption", {
        params: { path: { release_name: name } },
        signal,
      }),
    ),
  );
  return (
    <Loaded of={found} again={() => refresh("release-adoption")}>
      {({ devices, deployed, days }) =>
        (devices ?? deployed) && (
          <section class="sheet padded stack">
            <h2>Adoption</h2>
            {deployed && deployed.deployments > 0 && <AdoptionBar of={deployed} />}
            <Facts
              of={[
                [
                  "Runs it",
                  devices && (
                    <a key="on" href={onItPath(name)}>
                      {counted(devices.on_it.devices, "device")}
                      {devices.on_it.more && " or more"}
                    </a>
                  ),
                ],
                ["Fits", devices && plain(fitsText(devices))],
                ["Deployed", deployed && deploymentsText(deployed)],
              ]}
            />
            {days && <Days days={days} />}
          </section>
        )
      }
    </Loaded>
  );
}
