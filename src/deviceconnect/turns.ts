/** Messages of one socket that may wait for those before them. */
const MAX_WAITING = 1000;

interface Line {
  last: Promise<void>;
  waiting: number;
}

/** Lets what comes over a socket be handled one after the other, also while something has to be waited for. */
export class Turns {
  readonly #lines = new WeakMap<WebSocket, Line>();

  /** False if too many are waiting already. */
  hasRoom(socket: WebSocket): boolean {
    return (this.#lines.get(socket)?.waiting ?? 0) < MAX_WAITING;
  }

  async take(socket: WebSocket, work: () => Promise<void>): Promise<void> {
    const line = this.#lines.get(socket);
    const turn = line ? line.last.then(work) : work();
    // A turn that fails fails for itself.
    const last = turn.catch(() => {});
    const own: Line = { last, waiting: (line?.waiting ?? 0) + 1 };
    this.#lines.set(socket, own);
    try {
      await turn;
    } finally {
      const now = this.#lines.get(socket);
      if (now === own) this.#lines.delete(socket);
      else if (now) now.waiting -= 1;
    }
  }
}
