import { useState } from "preact/hooks";
import { api, bodyOf, Refused } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { SheetForm } from "../../parts/act.tsx";
import { type Attribute, valueText } from "../../parts/device.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { inOrder, meanwhile } from "../../parts/meanwhile.ts";
import { ofPairs, type Pairs, PairRows } from "../../parts/pairs.tsx";
import { refreshDevice } from "./read.ts";

const PATH = "/api/management/v1/inventory/devices/{id}";

interface Kept {
  tags: Record<string, string>;
  /** Stands for the tags as they are; none before the first ones. */
  etag: string | undefined;
}

const tagsOf = (attributes: readonly Attribute[] = []): Record<string, string> =>
  Object.fromEntries(
    attributes
      .filter(({ scope }) => scope === "tags")
      .map(({ name, value }) => [name, typeof value === "string" ? value : valueText(value)]),
  );

async function readTags(id: string, signal?: AbortSignal): Promise<Kept> {
  const answer = await api.GET(PATH, { params: { path: { id } }, ...(signal && { signal }) });
  return { tags: tagsOf(bodyOf(answer).attributes), etag: answer.response.headers.get("etag") ?? undefined };
}

/** Puts them in the place of those that were read; tells what is there now if somebody was faster. */
async function keep(id: string, tags: Record<string, string>, before: Kept): Promise<void> {
  const now = before.etag === undefined ? await readTags(id) : before;
  if (inOrder(now.tags) !== inOrder(before.tags)) throw meanwhile(inOrder(now.tags));
  try {
    await api.PUT(`${PATH}/tags`, {
      params: { path: { id } },
      ...(before.etag !== undefined && { headers: { "If-Match": before.etag } }),
      body: Object.entries(tags).map(([name, value]) => ({ name, value })),
    });
  } catch (cause) {
    if (!(cause instanceof Refused) || cause.status !== 412) throw cause;
    throw meanwhile(inOrder((await readTags(id)).tags));
  }
}

/** What people say of a device. Its tag `name` is what it is called. */
export function EditTags({ id, onClose }: { id: string; onClose: () => void }) {
  const [changed, change] = useState<Pairs>();
  const [seen, see] = useState<Kept>();
  const found = useResource(`tags/${id}`, (signal) => readTags(id, signal));
  const run = async () => {
    const before = seen ?? found.data;
    if (!before || !changed) return;
    try {
      await keep(id, ofPairs(changed), before);
    } catch (cause) {
      see(await readTags(id));
      throw cause;
    }
    refreshDevice(id);
  };
  return (
    <SheetForm title="Tags" action="Keep" run={run} onClose={onClose}>
      <p>
        The tag <code>name</code> is what the device is called here.
      </p>
      <Loaded of={found}>
        {({ tags }) => {
          const pairs = changed ?? Object.entries(tags);
          return (
            <>
              <PairRows pairs={pairs} set={change} />
              <span>
                <button
                  type="button"
                  class="button"
                  onClick={() => change([...pairs, [pairs.length === 0 ? "name" : "", ""]])}
                >
                  Add a tag
                </button>
              </span>
            </>
          );
        }}
      </Loaded>
    </SheetForm>
  );
}
