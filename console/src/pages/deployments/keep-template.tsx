import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { Asked } from "../../parts/act.tsx";
import { TextField } from "../../parts/field.tsx";
import { tell } from "../../parts/toast.tsx";
import type { Deployment } from "./model.ts";
import { templateOf } from "./template.ts";

/** Keeps how a deployment goes, to be used again. */
export function KeepTemplate({ deployment }: { deployment: Deployment }) {
  const [name, setName] = useState(deployment.name);
  const run = async () => {
    await api.POST("/api/management/v1/deployments/rollouts/templates", {
      body: { name, body: templateOf(deployment) },
    });
    refresh("templates");
    tell("The template is kept");
  };
  return (
    <Asked label="Keep as template" title="Keep as a template" run={run}>
      <p>
        It keeps the release, whom it is for, and how it goes. Not kept: times by the clock, and a list of
        single devices.
      </p>
      <TextField label="Name of the template" value={name} set={setName} required />
    </Asked>
  );
}
