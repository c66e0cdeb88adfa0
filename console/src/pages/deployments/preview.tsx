import { useEffect, useMemo, useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Empty } from "../../parts/empty.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { bytes, count, counted, plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import type { Draft } from "./draft.ts";
import { previewBody } from "./target.ts";

type Found = components["schemas"]["DeploymentPreview"];

/** Whoever types is not asked about at each letter. */
const REST_MS = 400;

const REASONS: Record<Found["not"][number]["reason"], string> = {
  unknown: "are not known here",
  type: "are of a type that no artifact of it is for",
  depends: "lack what it depends on",
  has_it: "have it already",
  silent: "were silent for more than 30 days",
  earlier_deployment: "are in an earlier deployment that is open",
};

function useRested(text: string | undefined): string | undefined {
  const [rested, rest] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => rest(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

function Phases({ phases }: { phases: Found["phases"] }) {
  if (phases.length < 2) return null;
  return (
    <div class="stack">
      <h3>Phases</h3>
      <ol class="numbered">
        {phases.map((phase, index) => (
          // They have nothing but their order.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={index}>
            {counted(phase.gets, "device")}, {bytes(phase.bytes)}
            {phase.waits_for?.success &&
              `; waits for ${count(phase.waits_for.success.results)} results, ${phase.waits_for.success.percent} % good`}
            {phase.expected && (
              <span class="quiet">
                {" "}
                about <When at={phase.expected.opens} />
              </span>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Shown({ found }: { found: Found }) {
  const { gets, devices, not, first = [], forecast, stops } = found;
  return (
    <>
      <p class="lead">
        {found.is_estimate && "About "}
        {count(gets)} of {counted(devices, "device")} get it.
      </p>
      {not.length > 0 && (
        <ul class="stack">
          {not.map(({ reason, devices: number, sample: [one] }) => (
            <li key={reason}>
              {count(number)} {REASONS[reason]}
              {one && (
                <>
                  {", such as "}
                  <a href={`/devices/${one}`} class="mono">
                    {shortId(one)}
                  </a>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <Phases phases={found.phases} />
      <Facts
        of={[
          ["To be sent", bytes(found.bytes)],
          ["95 % through", forecast && <When at={forecast.finish} />],
          [
            "First",
            first.length > 0 && (
              <span class="row">
                {first.map((id) => (
                  <a key={id} href={`/devices/${id}`} class="mono" title={id}>
                    {shortId(id)}
                  </a>
                ))}
              </span>
            ),
          ],
        ]}
      />
      {stops.length > 0 && (
        <div class="stack">
          <h3>What stops it or holds it up</h3>
          <ul>
            {stops.map(({ description }) => (
              <li key={description}>{plain(description)}</li>
            ))}
          </ul>
        </div>
      )}
      {forecast && forecast.assumes.length > 0 && (
        <p class="quiet">The forecast assumes that {forecast.assumes.map(plain).join(", ")}.</p>
      )}
    </>
  );
}

/** What the server says will come of it, while it is written. */
export function Preview({ draft, total }: { draft: Draft; total: number | undefined }) {
  // Times to come move with the clock; the key must not.
  // Phases depend on how many there are: what came before that would be asked for once more.
  const body = useMemo(() => (total === undefined ? undefined : previewBody(draft, total)), [draft, total]);
  const key = useRested(body && JSON.stringify(body));
  const preview = useResource(key && `preview/${key}`, async (signal) =>
    bodyOf(
      await api.POST("/api/management/v2/deployments/deployments/preview", {
        body: JSON.parse(key ?? "{}") as NonNullable<typeof body>,
        signal,
      }),
    ),
  );
  return (
    <section class="sheet padded stack" aria-label="What will come of it" aria-live="polite">
      <h2>What will come of it</h2>
      {key === undefined ? (
        <Empty title="Say what goes to whom, and it is told here" />
      ) : (
        <Loaded of={preview}>{(found) => found && <Shown found={found} />}</Loaded>
      )}
    </section>
  );
}
