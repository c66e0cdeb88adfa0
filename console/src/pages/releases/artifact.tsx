import { useLocation } from "preact-iso/router";
import { api, bodyOf } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Act, Asked } from "../../parts/act.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Table } from "../../parts/table.tsx";
import { bytes, plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Artifact = components["schemas"]["Artifact"];
type Pair = readonly [relation: string, name: string, value: string];

const valueText = (value: string | string[]): string => plain([value].flat().join(", "));

const pairsOf = (artifact: Artifact): Pair[] => [
  ...Object.entries(artifact.artifact_depends ?? {}).map(([name, value]): Pair => [
    "depends on",
    name,
    valueText(value),
  ]),
  ...Object.entries(artifact.artifact_provides ?? {}).map(([name, value]): Pair => [
    "provides",
    name,
    valueText(value),
  ]),
  ...(artifact.clears_artifact_provides ?? []).map((name): Pair => ["clears", name, ""]),
];

const filesOf = ({ updates }: Artifact) =>
  updates.flatMap(({ type_info, files }) =>
    (files ?? []).map((file) => ({ ...file, type: type_info.type ?? "none" })),
  );

async function download(id: string): Promise<void> {
  const { uri } = bodyOf(
    await api.GET("/api/management/v1/deployments/artifacts/{id}/download", { params: { path: { id } } }),
  );
  location.assign(uri);
}

function Remove({ artifact, isLast }: { artifact: Artifact; isLast: boolean }) {
  const { route } = useLocation();
  const run = async () => {
    await api.DELETE("/api/management/v1/deployments/artifacts/{id}", {
      params: { path: { id: artifact.id } },
    });
    refresh("release");
    if (isLast) route("/releases");
  };
  return (
    <Asked label="Delete" title="Delete this artifact" isRisky run={run}>
      <p>
        The file is gone for good and no deployment can hand it out any more. Devices keep what they have
        installed, and finished deployments their reports.
        {isLast && " It is the last artifact of this release, which goes with it."}
      </p>
    </Asked>
  );
}

/** One artifact of a release: for whom it is, what it needs and what it leaves behind. */
export function ArtifactPart({ artifact, isLast }: { artifact: Artifact; isLast: boolean }) {
  const { id, size, signed, signed_by: signedBy, modified, description } = artifact;
  const signature = signed
    ? signedBy
      ? `signed by ${plain(signedBy)}`
      : "signed, by nobody who is trusted here"
    : "none";
  return (
    <section class="sheet padded stack">
      <div class="row apart">
        <h2>For {artifact.device_types_compatible.map(plain).join(", ")}</h2>
        <span class="row">
          {may("artifacts:download") && <Act label="Download" run={() => download(id)} />}
          {may("artifacts:manage") && <Remove artifact={artifact} isLast={isLast} />}
        </span>
      </div>
      <Facts
        of={[
          ["Id", <code key="id">{shortId(id)}</code>],
          ["Size", bytes(size)],
          ["Signature", signature],
          ["Format", `${artifact.info.format} ${artifact.info.version}`],
          ["Modified", <When key="modified" at={modified} />],
          ["Description", plain(description)],
        ]}
      />
      <Table
        label="What it provides and depends on"
        rows={pairsOf(artifact)}
        keyOf={(row) => row.join("\n")}
        columns={[
          { title: "Relation", cell: ([relation]) => relation },
          { title: "Key", cell: ([, name]) => <code>{plain(name)}</code> },
          { title: "Value", cell: ([, , value]) => value },
        ]}
      />
      {filesOf(artifact).length > 0 && (
        <Table
          label="Files"
          rows={filesOf(artifact)}
          keyOf={({ name, checksum }) => name + checksum}
          columns={[
            { title: "File", cell: ({ name }) => plain(name) },
            { title: "Update", cell: ({ type }) => plain(type) },
            { title: "Size", isNumber: true, cell: (file) => bytes(file.size) },
            { title: "SHA-256", cell: ({ checksum }) => <code title={checksum}>{shortId(checksum)}</code> },
          ]}
        />
      )}
    </section>
  );
}
