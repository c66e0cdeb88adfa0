import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { has, may } from "../../api/session.ts";
import { Asked } from "../../parts/act.tsx";
import { TextField } from "../../parts/field.tsx";
import { counted } from "../../parts/text.ts";
import { KeepTemplate } from "./keep-template.tsx";
import { countsOf, DEPLOYMENT, deploymentPath, rolloutOf, type Deployment } from "./model.ts";

const renewed = async (work: Promise<unknown>): Promise<void> => {
  await work;
  refresh("deployment");
};

function PauseOrResume({ deployment, params }: Part) {
  const [reason, setReason] = useState("");
  if (rolloutOf(deployment).state?.paused)
    return (
      <Asked
        label="Resume"
        title="Go on"
        icon="play"
        run={() => renewed(api.POST(`${DEPLOYMENT}/resume`, { params }))}
      >
        <p>Devices begin again when they next ask. A rule that stopped it counts anew from here.</p>
      </Asked>
    );
  const pause = () => renewed(api.POST(`${DEPLOYMENT}/pause`, { params, body: reason ? { reason } : {} }));
  return (
    <Asked label="Pause" title="Pause" icon="pause" run={pause}>
      <p>No device begins any more, not a second time either. Those that are at it go on to their end.</p>
      <TextField
        label="Reason"
        hint="Stands in the report and the audit log"
        value={reason}
        set={setReason}
      />
    </Asked>
  );
}

function Revert({ deployment, params }: Part) {
  const { route } = useLocation();
  const [name, setName] = useState("");
  const run = async () => {
    const { response } = await api.POST(`${DEPLOYMENT}/revert`, { params, body: { artifact_name: name } });
    goTo(response, route);
  };
  return (
    <Asked label="Take back" title="Take it back" isRisky run={run}>
      <p>
        A new deployment brings another release to the {counted(countsOf(deployment).success, "device")} that
        have this one. It restores no data that the update changed, and this deployment goes on unless you
        abort it.
      </p>
      <TextField label="Release to go back to" value={name} set={setName} required />
    </Asked>
  );
}

/** To the deployment that was made. */
export function goTo(response: Response, route: (path: string) => void): void {
  refresh("deployment");
  const id = response.headers.get("location")?.split("/").at(-1);
  if (id) route(deploymentPath(id));
}

interface Part {
  deployment: Deployment;
  params: { path: { id: string } };
}

function WhileItRuns({ deployment, params }: Part) {
  const phases = rolloutOf(deployment).state?.phases ?? [];
  const isMany = phases.length > 1;
  const counts = countsOf(deployment);
  return (
    <>
      <PauseOrResume deployment={deployment} params={params} />
      {phases.some(({ needs_approvals: needed = 0 }) => needed > 0) && (
        <Asked
          label="Approve"
          title="Approve"
          icon="check"
          run={() => renewed(api.POST(`${DEPLOYMENT}/approve`, { params }))}
        >
          <p>Your word counts once for the phase that waits for people. It cannot be taken back.</p>
        </Asked>
      )}
      {isMany && (
        <Asked
          label="Widen"
          title="Open the next phase now"
          run={() => renewed(api.POST(`${DEPLOYMENT}/widen`, { params }))}
        >
          <p>The next phase opens now, whatever it waits for. Phases behind it keep what they wait for.</p>
        </Asked>
      )}
      <Asked
        label="Abort"
        title="Abort"
        icon="cross"
        isRisky
        run={() => renewed(api.PUT(`${DEPLOYMENT}/status`, { params, body: { status: "aborted" } }))}
      >
        <p>
          {counted(counts.waiting, "device")} that wait will not get it, and {counted(counts.going, "device")}{" "}
          that are at it are told to stop when they next report. Who has it keeps it. This cannot be undone.
        </p>
      </Asked>
    </>
  );
}

/** What can be done with a deployment, each with what it will do. */
export function Controls({ deployment }: { deployment: Deployment }) {
  const { route } = useLocation();
  if (!may("deployments:manage")) return null;
  const params = { path: { id: deployment.id } };
  const { failed, success } = countsOf(deployment);
  const retry = async () => {
    const { response } = await api.POST(`${DEPLOYMENT}/retry`, { params });
    goTo(response, route);
  };
  const isKept = deployment.type === "software" && has("deployments_v2");
  return (
    <div class="row">
      {deployment.status !== "finished" && <WhileItRuns deployment={deployment} params={params} />}
      {failed > 0 && (
        <Asked label="Retry the failed" title="Once more to those that failed" run={retry}>
          <p>
            A new deployment of the same release is made for {counted(failed, "device")}. This one stays as it
            is.
          </p>
        </Asked>
      )}
      {success > 0 && deployment.type === "software" && <Revert deployment={deployment} params={params} />}
      {isKept && <KeepTemplate deployment={deployment} />}
    </div>
  );
}
