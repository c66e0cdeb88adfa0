/** Calls that go on together, and now and then one that wants to be alone. */
export class Gate {
  #together = new Set<Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();

  async together<T>(work: () => Promise<T>): Promise<T> {
    for (let before; before !== this.#alone;) await (before = this.#alone);
    const done = work();
    const settled = done.catch(() => undefined);
    this.#together.add(settled);
    return done.finally(() => this.#together.delete(settled));
  }

  /** Waits for those under way; whoever comes meanwhile waits for this. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#alone.then(() => Promise.all(this.#together)).then(work);
    this.#alone = done.catch(() => undefined);
    return done;
  }
}
