import { useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { SheetForm } from "../../parts/act.tsx";
import { Field, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { meanwhile } from "../../parts/meanwhile.ts";
import { Page } from "../../parts/page.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Adoption } from "./adoption.tsx";
import { ArtifactPart } from "./artifact.tsx";

type Release = components["schemas"]["Release"];

const PATH = "/api/management/v2/deployments/deployments/releases/{release_name}";

const readNow = async (name: string): Promise<Release> =>
  bodyOf(await api.GET(PATH, { params: { path: { release_name: name } } }));

const tagText = ({ tags }: Release): string => tags.join(", ");

function EditNotes({ release, onClose }: { release: Release; onClose: () => void }) {
  const [notes, setNotes] = useState(release.notes);
  const [before, setBefore] = useState(release.notes);
  const run = async () => {
    const now = await readNow(release.name);
    setBefore(now.notes);
    if (now.notes !== before) throw meanwhile(now.notes);
    await api.PATCH(PATH, { params: { path: { release_name: release.name } }, body: { notes } });
    refresh("release");
  };
  return (
    <SheetForm title="Notes" action="Keep" run={run} onClose={onClose}>
      <Field label="Notes">
        <textarea
          class="input"
          rows={8}
          value={notes}
          onInput={({ currentTarget }) => setNotes(currentTarget.value)}
        />
      </Field>
    </SheetForm>
  );
}

function EditTags({ release, onClose }: { release: Release; onClose: () => void }) {
  const [text, setText] = useState(tagText(release));
  const [before, setBefore] = useState(tagText(release));
  const run = async () => {
    const now = tagText(await readNow(release.name));
    setBefore(now);
    if (now !== before) throw meanwhile(now);
    const body = text
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== "");
    await api.PUT(`${PATH}/tags`, { params: { path: { release_name: release.name } }, body });
    refresh("release");
  };
  return (
    <SheetForm title="Tags" action="Keep" run={run} onClose={onClose}>
      <TextField label="Tags" hint="Separated by commas" value={text} set={setText} />
    </SheetForm>
  );
}

function About({ release }: { release: Release }) {
  const [edited, edit] = useState<"notes" | "tags">();
  const close = () => edit(undefined);
  return (
    <section class="sheet padded stack">
      <div class="row">
        {release.tags.map((tag) => (
          <a key={tag} class="chip" href={`/releases?tag=${encodeURIComponent(tag)}`}>
            {plain(tag)}
          </a>
        ))}
        <span class="quiet">
          modified <When at={release.modified} />
        </span>
      </div>
      {release.notes ? <p class="log">{plain(release.notes)}</p> : <p class="quiet">No notes.</p>}
      {may("artifacts:manage") && (
        <div class="row">
          <button type="button" class="button" onClick={() => edit("notes")}>
            Edit notes
          </button>
          <button type="button" class="button" onClick={() => edit("tags")}>
            Edit tags
          </button>
        </div>
      )}
      {edited === "notes" && <EditNotes release={release} onClose={close} />}
      {edited === "tags" && <EditTags release={release} onClose={close} />}
    </section>
  );
}

/** One release: what it is made of, and deploying it. */
export function ReleasePage() {
  const { name = "" } = useRoute().params;
  const release = useResource(`release/${name}`, async (signal) =>
    bodyOf(await api.GET(PATH, { params: { path: { release_name: name } }, signal })),
  );
  return (
    <Page
      title={plain(name)}
      actions={
        <>
          {may("deployments:read") && (
            <a class="button" href={`/devices?q=${encodeURIComponent(`artifact_name:"${name}"`)}`}>
              Devices on it
            </a>
          )}
          {may("deployments:manage") && (
            <a class="button main" href={`/deployments/new?release=${encodeURIComponent(name)}`}>
              Deploy this
            </a>
          )}
        </>
      }
    >
      <Loaded of={release} again={() => refresh("release")}>
        {(found) => (
          <>
            <About release={found} />
            <Adoption name={found.name} />
            {found.artifacts.map((artifact) => (
              <ArtifactPart key={artifact.id} artifact={artifact} isLast={found.artifacts.length === 1} />
            ))}
          </>
        )}
      </Loaded>
    </Page>
  );
}
