import { useRoute } from "preact-iso/router";
import { useEffect } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Bar } from "../../parts/bar.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { count, counted, percent, plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { useKeepZone, ZoneSwitch } from "../../parts/zone.tsx";
import { releasePath } from "../releases/release-path.ts";
import { Controls } from "./controls.tsx";
import { Failures } from "./failures.tsx";
import {
  countsOf,
  DEPLOYMENT,
  deploymentPath,
  doneShare,
  haltsAt,
  pausedBy,
  rolloutOf,
  sharesOf,
  standing,
  type Deployment,
} from "./model.ts";
import { Outlook } from "./outlook.tsx";
import { Progress } from "./progress.tsx";
import { Phases } from "./phases.tsx";
import { useProgress } from "./read.ts";
import { Verdicts } from "./verdicts.tsx";
import { Waiting } from "./waiting.tsx";

const LOOK_MS = 15_000;

/** One deployment, read again while it is looked at and not finished. */
export function useDeployment(id: string) {
  const deployment = useResource(`deployment/${id}`, async (signal) =>
    bodyOf(await api.GET(DEPLOYMENT, { params: { path: { id } }, signal })),
  );
  const isOver = deployment.data?.status === "finished";
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => document.hidden || refresh(`deployment/${id}`), LOOK_MS);
    return () => clearInterval(timer);
  }, [id, isOver]);
  return deployment;
}

export function DeploymentTabs({ id, at }: { id: string; at: string }) {
  const keepZone = useKeepZone();
  return (
    <Tabs
      label="Of this deployment"
      at={keepZone(at)}
      tabs={[
        { path: keepZone(deploymentPath(id)), title: "Report" },
        { path: keepZone(`${deploymentPath(id)}/devices`), title: "Devices" },
      ]}
    />
  );
}

function sentenceOf(deployment: Deployment): string {
  const counts = countsOf(deployment);
  const told = [
    `${count(counts.success)} of ${counted(counts.all - counts.never, "device")} have it`,
    counts.failed > 0 && `${count(counts.failed)} failed`,
    counts.going > 0 && `${count(counts.going)} are at it`,
    counts.paused > 0 && `${count(counts.paused)} stopped on the way by their control map`,
    counts.aborted > 0 && `${count(counts.aborted)} were told to stop`,
    counts.waiting > 0 && `${count(counts.waiting)} wait`,
    counts.never > 0 && `${count(counts.never)} never will, because no artifact fits or they are gone`,
  ].filter((part) => part !== false);
  return `${percent(doneShare(counts))} done: ${told.join(", ")}.`;
}

/** What is to come of one that is not over; its line is there before it is known. */
function Coming({ id }: { id: string }) {
  const { data } = useProgress(id);
  if (!data) return <p class="quiet">&nbsp;</p>;
  const isKnown = data.finish_ts !== undefined || data.waits_for !== undefined;
  return (
    <p class="quiet">{isKnown ? <Outlook of={data} /> : "When it will be through cannot be told yet."}</p>
  );
}

function Summary({ deployment }: { deployment: Deployment }) {
  const counts = countsOf(deployment);
  const rollout = rolloutOf(deployment);
  const paused = rollout.state?.paused;
  const [tone, word] = standing(deployment);
  return (
    <section class="sheet padded stack">
      <div class="row">
        <State tone={tone}>{word}</State>
        {paused && (
          <span>
            since <When at={paused.since} />: {plain(pausedBy(rollout))}
          </span>
        )}
      </div>
      <p class="lead">{sentenceOf(deployment)}</p>
      <Bar label="Devices" of={counts.all - counts.never} shares={sharesOf(counts)} />
      {deployment.status === "inprogress" && !paused && <Coming id={deployment.id} />}
      <p class="quiet">{haltsAt(rollout) ?? "Nothing stops it by itself."}</p>
      <Controls deployment={deployment} />
    </section>
  );
}

function targetOf({ groups = [], filter, dynamic }: Deployment): string {
  if (dynamic) return `who fits the filter ${plain(filter?.name ?? "")} when it asks`;
  const group = groups[0];
  if (group !== undefined) return `the group ${plain(group)}`;
  const [term] = filter?.terms ?? [];
  return term?.attribute === "status" ? "all accepted devices" : "a list of devices";
}

const About = ({ deployment }: { deployment: Deployment }) => (
  <section class="sheet padded stack">
    <h2>What was asked for</h2>
    <Facts
      of={[
        [
          "Release",
          deployment.type === "software" && (
            <a href={releasePath(deployment.artifact_name)}>{plain(deployment.artifact_name)}</a>
          ),
        ],
        ["To", targetOf(deployment)],
        ["Created", <When key="created" at={deployment.created} />],
        ["Finished", <When key="finished" at={deployment.finished} never="not yet" />],
        ["Tries again", deployment.retries ? counted(deployment.retries, "time") : "no"],
        ["Installs what is installed", deployment.force_installation ? "yes" : "no"],
        ["Id", <code key="id">{shortId(deployment.id)}</code>],
      ]}
    />
  </section>
);

/** How a deployment goes: the sentence first, then why. */
export function Report() {
  const { id = "" } = useRoute().params;
  const deployment = useDeployment(id);
  return (
    <Page title={plain(deployment.data?.name ?? "Deployment")} actions={<ZoneSwitch />}>
      <DeploymentTabs id={id} at={deploymentPath(id)} />
      <Loaded of={deployment} again={() => refresh("deployment")}>
        {(found) => (
          <>
            <Summary deployment={found} />
            {found.device_count > 0 && (
              <section class="sheet padded stack chart-place" aria-label="Over time">
                <Progress deployment={found} />
              </section>
            )}
            <div class="halves">
              <Failures deployment={found} />
              <Waiting deployment={found} />
              <Phases deployment={found} />
              <Verdicts deployment={found} />
              <About deployment={found} />
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}
