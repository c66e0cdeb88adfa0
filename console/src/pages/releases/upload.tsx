import { useEffect, useMemo, useState } from "preact/hooks";
import { may } from "../../api/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { bytes, plain } from "../../parts/text.ts";
import { readHead, type ArtifactHead } from "./artifact-head.ts";
import { Generate } from "./generate.tsx";
import { releasePath } from "./release-path.ts";
import { isKept, keptUpload, Upload } from "./transfer.ts";

type Chosen = { file: File; head: ArtifactHead | "unknown" | undefined };

function Choose({ onFile }: { onFile: (file: File) => void }) {
  const kept = keptUpload();
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file) onFile(file);
  };
  return (
    <label class="drop">
      <strong>Drop a file here, or choose one</strong>
      <span class="quiet">
        An artifact is sent as it is, in parts that go on after an interruption. Of any other file an artifact
        is made.
      </span>
      <input type="file" onChange={({ currentTarget }) => take(currentTarget.files)} />
      {kept && (
        <span>
          The upload of {plain(kept.name)} was interrupted: choose it again, and it goes on where it was.
        </span>
      )}
    </label>
  );
}

function headFacts(head: ArtifactHead | "unknown", file: File) {
  if (head === "unknown")
    return [
      ["File", plain(file.name)],
      ["Size", bytes(file.size)],
      ["Release", "an artifact whose head only the server can read"],
    ] as const;
  return [
    ["Release", plain(head.name)],
    ["Device types", head.deviceTypes.map(plain).join(", ")],
    ["Updates", head.payloadTypes.map(plain).join(", ")],
    ["Signature", head.isSigned ? "signed" : "none"],
    ["Size", bytes(file.size)],
  ] as const;
}

const minutes = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

/** Nobody leaves the page by mistake while it sends. */
function useGuard(isSending: boolean): void {
  useEffect(() => {
    if (!isSending) return;
    const ask = (event: Event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isSending]);
}

const PHASES = {
  sending: "Sending",
  paused: "Paused",
  verifying: "Sent; the server checks it",
  done: "Done",
  failed: "Stopped",
} as const;

function Going({ upload, name }: { upload: Upload; name: string | undefined }) {
  const { phase, sent, total, rate, error } = upload.state.value;
  useGuard(phase === "sending");
  if (phase === "done")
    return (
      <Empty title="It is there and checked">
        <span class="row">
          {name && (
            <a class="button" href={releasePath(name)}>
              Look at it
            </a>
          )}
          {name && may("deployments:manage") && (
            <a class="button main" href={`/deployments/new?release=${encodeURIComponent(name)}`}>
              Deploy this
            </a>
          )}
          {!name && (
            <a class="button" href="/releases">
              Releases
            </a>
          )}
        </span>
      </Empty>
    );
  const rest = rate > 0 ? `, ${minutes((total - sent) / rate)} left` : "";
  return (
    <div class="stack">
      <label class="field">
        <span>{PHASES[phase]}</span>
        {phase === "verifying" ? <progress /> : <progress max={total} value={sent} />}
      </label>
      {phase === "sending" && (
        <p class="quiet">
          {bytes(sent)} of {bytes(total)}, {bytes(rate)} a second{rest}
        </p>
      )}
      <Problem error={error} />
      <div class="row">
        {phase === "sending" && (
          <button type="button" class="button" onClick={() => upload.pause()}>
            Pause
          </button>
        )}
        {(phase === "paused" || phase === "failed") && (
          <button type="button" class="button main" onClick={() => void upload.run()}>
            Go on
          </button>
        )}
      </div>
    </div>
  );
}

function SendArtifact({
  file,
  head,
  onLeave,
}: Chosen & { head: ArtifactHead | "unknown"; onLeave: () => void }) {
  const upload = useMemo(() => new Upload(file), [file]);
  const [isGoing, go] = useState(false);
  const begin = () => {
    go(true);
    void upload.run();
  };
  const leave = () => {
    void upload.giveUp();
    onLeave();
  };
  return (
    <section class="sheet padded stack">
      <h2>What it will become</h2>
      <Facts of={headFacts(head, file)} />
      {isGoing ? (
        <Going upload={upload} name={head === "unknown" ? undefined : head.name} />
      ) : (
        <button type="button" class="button main" onClick={begin}>
          {isKept(file, keptUpload()) ? "Go on with the upload" : "Upload"}
        </button>
      )}
      {upload.state.value.phase !== "done" && (
        <button type="button" class="button plain" onClick={leave}>
          Another file
        </button>
      )}
    </section>
  );
}

/** A file becomes a release. */
export function UploadPage() {
  const [chosen, choose] = useState<Chosen>();
  const [error, setError] = useState<unknown>();
  const take = async (file: File) => {
    try {
      choose({ file, head: await readHead(file) });
    } catch (cause) {
      setError(cause);
    }
  };
  const leave = () => choose(undefined);
  return (
    <Page title="Upload">
      <Problem error={error} />
      {chosen === undefined ? (
        <Choose onFile={(file) => void take(file)} />
      ) : chosen.head === undefined ? (
        <Generate file={chosen.file} onLeave={leave} />
      ) : (
        <SendArtifact file={chosen.file} head={chosen.head} onLeave={leave} />
      )}
    </Page>
  );
}
