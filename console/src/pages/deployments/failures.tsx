import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { counted, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { useKeepZone } from "../../parts/zone.tsx";
import { LogSheet } from "./log.tsx";
import { countsOf, DEPLOYMENT, deploymentPath, type Deployment } from "./model.ts";
import { Log } from "../../parts/log.tsx";

/** Failures by what the ends of their logs have in common. */
export function Failures({ deployment }: { deployment: Deployment }) {
  const { id } = deployment;
  const { failed } = countsOf(deployment);
  const keepZone = useKeepZone();
  const [opened, open] = useState<string>();
  const groups = useResource(failed > 0 ? `deployment/${id}/failures` : undefined, async (signal) => {
    const { data } = await api.GET(`${DEPLOYMENT}/failures`, { params: { path: { id } }, signal });
    return data ?? [];
  });
  if (failed === 0) return null;
  return (
    <section class="sheet padded stack failures">
      <h2>
        <a href={keepZone(`${deploymentPath(id)}/devices?status=failure`)}>{counted(failed, "failure")}</a>
      </h2>
      <Loaded of={groups} again={() => refresh(`deployment/${id}/failures`)}>
        {(found) =>
          found.length === 0 ? (
            <p class="quiet">None of them has sent its log yet.</p>
          ) : (
            <ul class="stack">
              {found.map((group) => (
                <li key={group.fingerprint} class="stack">
                  <Log label="How the logs end" text={plain(group.ending)} />
                  <span class="row">
                    <strong>{counted(group.devices, "device")}</strong>
                    <span>{group.device_types.map((one) => plain(one.device_type)).join(", ")}</span>
                    <span class="quiet">
                      <When at={group.first} /> to <When at={group.last} />
                    </span>
                    <button type="button" class="button" onClick={() => open(group.sample.device_id)}>
                      One log of them
                    </button>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {opened && <LogSheet deployment={id} device={opened} onClose={() => open(undefined)} />}
    </section>
  );
}
