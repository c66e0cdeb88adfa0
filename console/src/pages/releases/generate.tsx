import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api, bodyOf, Refused } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { useQuery } from "../../parts/address.ts";
import { SelectField, TextField } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { send } from "../../parts/send.ts";
import { bytes, plain } from "../../parts/text.ts";
import { releasePath } from "./release-path.ts";

const TYPES = [
  ["single_file", "a single file"],
  ["script", "a script that runs on the device"],
  ["directory", "a directory, packed as a tar"],
] as const;
type Kind = (typeof TYPES)[number][0];

const LOOK_MS = 1000;

/** Follows the job that makes the artifact. */
async function made(id: string, onShare: (share: number) => void): Promise<void> {
  for (;;) {
    const { status, progress, error } = bodyOf(
      await api.GET("/api/management/v1/deployments/artifacts/generate/{id}", { params: { path: { id } } }),
    );
    if (status === "done") return;
    if (status === "failed") throw new Refused(422, error ?? "the artifact could not be made");
    onShare(progress / 100);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Of a file that is no artifact one is made. */
export function Generate({ file, onLeave }: { file: File; onLeave: () => void }) {
  const { route } = useLocation();
  const [name, setName] = useState(file.name.replace(/\.\w+$/, ""));
  const [types, setTypes] = useState(useQuery()[0].types ?? "");
  const [kind, setKind] = useState<Kind>("single_file");
  const [folder, setFolder] = useState("/");
  const [step, setStep] = useState<{ label: string; share: number }>();
  const [error, setError] = useState<unknown>();
  const args = { filename: file.name, software_name: name, ...(kind !== "script" && { dest_dir: folder }) };

  const run = async () => {
    setError(undefined);
    const form = new FormData();
    form.append("name", name);
    form.append(
      "device_types_compatible",
      types
        .split(/[,\s]+/)
        .filter(Boolean)
        .join(","),
    );
    form.append("type", kind);
    form.append("args", JSON.stringify(args));
    form.append("size", String(file.size));
    form.append("file", file, file.name);
    try {
      const answer = await send("POST", "/api/management/v1/deployments/artifacts/generate", form, {
        onSent: (sent) => setStep({ label: "Sending", share: Math.min(1, sent / (file.size || 1)) }),
      });
      const id = answer.headers.get("location")?.split("/").at(-1) ?? "";
      await made(id, (share) => setStep({ label: "The server makes the artifact", share }));
      refresh("releases");
      route(releasePath(name));
    } catch (cause) {
      setStep(undefined);
      setError(cause);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void run();
  };

  return (
    <form class="sheet padded stack" onSubmit={submit}>
      <h2>An artifact is made of {plain(file.name)}</h2>
      <p class="quiet">{bytes(file.size)}; it is no artifact by itself.</p>
      <TextField label="Release" value={name} set={setName} required />
      <TextField
        label="Device types"
        hint="Devices of other types do not get it; separated by commas"
        placeholder="raspberrypi4-64"
        value={types}
        set={setTypes}
        required
      />
      <SelectField<Kind> label="It is" value={kind} set={setKind} options={TYPES} />
      {kind !== "script" && (
        <TextField label="Folder on the device" value={folder} set={setFolder} required />
      )}
      <Problem error={error} />
      {step ? (
        <label class="field">
          <span>{step.label}</span>
          <progress max={1} value={step.share} />
        </label>
      ) : (
        <div class="row">
          <button type="submit" class="button main">
            Make it
          </button>
          <button type="button" class="button" onClick={onLeave}>
            Another file
          </button>
        </div>
      )}
    </form>
  );
}
