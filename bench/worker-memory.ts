const SAMPLE_MS = 10;
const MIB = 1024 * 1024;

/** What the inspector says of one isolate; buffers lie outside its heap. */
interface HeapUsage {
  usedSize: number;
  backingStorageSize: number;
}

/** The Worker's own memory, heap and buffers with what is not collected yet, as the inspector tells many times a second. */
export class WorkerMemory {
  readonly #socket: WebSocket;
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;
  samples = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { result } = JSON.parse(String(data)) as { result?: HeapUsage };
      if (!result) return;
      this.#peakBytes = Math.max(this.#peakBytes, result.usedSize + result.backingStorageSize);
      this.samples += 1;
    });
    const question = JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" });
    this.#timer = setInterval(() => socket.send(question), SAMPLE_MS);
  }

  static async watch(inspectorPort: number): Promise<WorkerMemory> {
    const targets = (await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json()) as {
      id: string;
      webSocketDebuggerUrl: string;
    }[];
    const worker = targets.find(({ id }) => id.startsWith("core:user:"));
    if (!worker) throw new Error("the inspector does not know the Worker");
    const socket = new WebSocket(worker.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return new WorkerMemory(socket);
  }

  /** The most since this was asked last. */
  takePeakMib(): number {
    const peak = this.#peakBytes / MIB;
    this.#peakBytes = 0;
    return peak;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}
