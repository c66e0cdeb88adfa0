import type { Resource } from "../../api/resource.ts";
import type { Listed } from "../../api/listed.ts";
import type { components } from "../../api/schema.d.ts";
import { Facts } from "../../parts/facts.tsx";
import { Problem } from "../../parts/problem.tsx";
import { counted, shortId } from "../../parts/text.ts";
import { bodyOfDraft, type Draft } from "./draft.ts";
import { haltsAt, type Rollout } from "./model.ts";

type Found = Resource<Listed<components["schemas"]["InventoryDevice"]>>;

function phaseWords(draft: Draft, total: number | undefined): string {
  const { phases = [], rollout } = bodyOfDraft(draft, total, Date.now());
  if (phases.length < 2) return "all of them, when each next asks";
  const sizes = phases
    .slice(0, -1)
    .map(({ batch_size: share, batch_size_devices: devices }) =>
      devices === undefined ? `${share ?? 0} %` : counted(devices, "device"),
    );
  const gate = rollout?.gates?.[0];
  const waits = gate?.success
    ? ` when ${gate.success.percent} % of ${counted(gate.success.results, "result")} are good`
    : gate?.after_s
      ? " after an hour"
      : "";
  return `${sizes.join(", then ")}, then the rest${waits}`;
}

/** What will come of it, while it is written. */
export function Preview({
  draft,
  target: { found, total },
}: {
  draft: Draft;
  target: { found: Found; total: number | undefined };
}) {
  const { rollout } = bodyOfDraft(draft, total, Date.now());
  const sample = draft.who === "list" ? [] : (found.data?.rows ?? []);
  return (
    <section class="sheet padded stack" aria-label="What will come of it">
      <h2>{total === undefined ? "Whom it is for is not said yet" : `For ${counted(total, "device")}`}</h2>
      <Problem error={found.error} />
      {total === 0 && <p>Nobody is there whom it is for.</p>}
      <Facts
        of={[
          ["Release", draft.release || "not said yet"],
          ["Goes to", phaseWords(draft, total)],
          ["Starts", draft.start ? new Date(draft.start).toLocaleString() : "at once"],
          ["Stops", haltsAt((rollout ?? {}) as Rollout) ?? "Nothing stops it by itself."],
          [
            "Among them",
            sample.length > 0 && (
              <span class="row">
                {sample.map(({ id }) => (
                  <a key={id} href={`/devices/${id}`} class="mono">
                    {shortId(id)}
                  </a>
                ))}
              </span>
            ),
          ],
        ]}
      />
      <p class="quiet">
        Who is of a type that no artifact of the release is for, or has it already, is left out when it asks.
      </p>
    </section>
  );
}
