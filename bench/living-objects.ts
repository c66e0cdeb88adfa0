/** What is in the memory of the Worker, as a debugger sees it after a garbage collection. */
interface HeapSnapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } };
  nodes: number[];
  strings: string[];
}

async function snapshotOf(inspectPort: number): Promise<HeapSnapshot> {
  const answer = await fetch(`http://127.0.0.1:${inspectPort}/json`);
  const targets = (await answer.json()) as { id: string; webSocketDebuggerUrl: string }[]; // by the debugger's protocol
  const worker = targets.find(({ id }) => id.includes("user"));
  if (!worker) throw new Error("no Worker to look into");
  const socket = new WebSocket(worker.webSocketDebuggerUrl);
  let text = "";
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.takeHeapSnapshot", params: {} })),
    );
    socket.addEventListener("error", () => reject(new Error("the Worker cannot be looked into")));
    socket.addEventListener("message", ({ data }) => {
      const { id, params } = JSON.parse(String(data)) as { id?: number; params?: { chunk?: string } };
      text += params?.chunk ?? "";
      if (id === 1) resolve();
    });
  });
  socket.close();
  return JSON.parse(text) as HeapSnapshot;
}

/** Instances of a class that the Worker holds. An object that the runtime has evicted is none. */
export async function livingObjects(inspectPort: number, className: string): Promise<number> {
  const { snapshot, nodes, strings } = await snapshotOf(inspectPort);
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, nameAt] = [fields.indexOf("type"), fields.indexOf("name")];
  let count = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    const isObject = types[0][nodes[at + typeAt] ?? -1] === "object";
    if (isObject && strings[nodes[at + nameAt] ?? -1] === className) count += 1;
  }
  return count;
}
