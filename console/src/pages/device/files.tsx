import { useState } from "preact/hooks";
import { MARK, refuseBad } from "../../api/client.ts";
import { Field, TextField } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { send } from "../../parts/send.ts";
import { bytes } from "../../parts/text.ts";
import { tell } from "../../parts/toast.tsx";
import type { ConsoleDevice } from "./read.ts";

const base = (id: string): string => `/api/management/v1/deviceconnect/devices/${encodeURIComponent(id)}`;

/** Asks first whether there is such a file: a download that fails would leave the page for the server's words. */
async function fetchFile(id: string, path: string): Promise<void> {
  const address = `${base(id)}/download?${new URLSearchParams({ path })}`;
  const head = await fetch(address, { method: "HEAD", headers: MARK });
  // Answers to HEAD have no words.
  if (!head.ok) await refuseBad(await fetch(address, { headers: MARK }));
  const link = document.createElement("a");
  link.href = address;
  link.download = path.slice(path.lastIndexOf("/") + 1);
  link.click();
  const size = Number(head.headers.get("x-men-file-size"));
  tell(`The device sends ${path}${size >= 0 ? `: ${bytes(size)}` : ""}.`);
}

/** A form that does one thing with a file; it says what came of it. */
function useWork(work: () => Promise<void>) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async () => {
    setError(undefined);
    setBusy(true);
    try {
      await work();
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void submit();
  };
  return { isBusy, error, onSubmit };
}

function Fetch({ id, cannot }: { id: string; cannot: boolean }) {
  const [path, setPath] = useState("");
  const { isBusy, error, onSubmit } = useWork(() => fetchFile(id, path));
  return (
    <form class="sheet padded stack" onSubmit={onSubmit}>
      <h2>From the device</h2>
      <TextField label="Path of the file" placeholder="/etc/os-release" value={path} set={setPath} required />
      <Problem error={error} />
      <div>
        <button type="submit" class="button main" disabled={isBusy || cannot}>
          {isBusy ? "Asking the device …" : "Download"}
        </button>
      </div>
    </form>
  );
}

const MODE = "644";

function Put({ id, cannot }: { id: string; cannot: boolean }) {
  const [file, setFile] = useState<File>();
  const [path, setPath] = useState("");
  const [mode, setMode] = useState(MODE);
  const [share, setShare] = useState<number>();
  const { isBusy, error, onSubmit } = useWork(async () => {
    if (!file) return;
    const form = new FormData();
    form.append("path", path);
    form.append("mode", mode);
    // Last: what comes after the file is not read.
    form.append("file", file, file.name);
    try {
      await send("PUT", `${base(id)}/upload`, form, {
        onSent: (sent) => setShare(Math.min(1, sent / (file.size || 1))),
      });
      tell(`${file.name} is on the device, as ${path}.`);
    } finally {
      setShare(undefined);
    }
  });
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    if (chosen && (path === "" || path.endsWith("/"))) setPath(`${path || "/tmp/"}${chosen.name}`);
  };
  return (
    <form class="sheet padded stack" onSubmit={onSubmit}>
      <h2>To the device</h2>
      <Field label="File" {...(file && { hint: bytes(file.size) })}>
        <input
          type="file"
          class="input file"
          required
          onChange={({ currentTarget }) => choose(currentTarget.files?.[0])}
        />
      </Field>
      <TextField label="Path on the device" placeholder="/tmp/" value={path} set={setPath} required />
      <TextField
        label="Mode"
        hint="Octal, as chmod takes it"
        value={mode}
        set={setMode}
        inputMode="numeric"
      />
      <Problem error={error} />
      {share !== undefined && (
        <label class="field">
          <span>{share < 1 ? "Sending" : "The device writes it"}</span>
          <progress max={1} value={share} />
        </label>
      )}
      <div>
        <button type="submit" class="button main" disabled={isBusy || cannot}>
          {isBusy ? "Sending …" : "Upload"}
        </button>
      </div>
    </form>
  );
}

/** Files to and from the device, by its connection. */
export function Files({ id, of: { connection } }: { id: string; of: ConsoleDevice }) {
  const cannot = !connection.connected;
  return (
    <>
      {cannot && <p class="quiet">The device is not connected: files go to and fro once it is.</p>}
      <div class="two">
        <Fetch id={id} cannot={cannot} />
        <Put id={id} cannot={cannot} />
      </div>
    </>
  );
}
