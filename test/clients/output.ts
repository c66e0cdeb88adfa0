import type { Readable } from "node:stream";

/** What a program prints, for those who wait for it. */
export class Output {
  text = "";
  readonly #changed = new Set<() => void>();
  /** Where the last thing waited for ended. */
  #seen = 0;

  constructor(...streams: Readable[]) {
    for (const stream of streams)
      stream.on("data", (chunk: Buffer) => {
        this.text += chunk.toString();
        for (const look of this.#changed) look();
      });
  }

  /** The next place that matches, behind the last one asked for. */
  next(pattern: RegExp, withinMs = 60_000): Promise<RegExpExecArray> {
    return new Promise((found, fail) => {
      const look = () => {
        const match = pattern.exec(this.text.slice(this.#seen));
        if (!match) return;
        this.#seen += match.index + match[0].length;
        settle();
        found(match);
      };
      const timer = setTimeout(() => {
        settle();
        fail(new Error(`not within ${withinMs / 1000} s: ${pattern} in\n${this.text.slice(-2000)}`));
      }, withinMs);
      const settle = () => {
        clearTimeout(timer);
        this.#changed.delete(look);
      };
      this.#changed.add(look);
      look();
    });
  }
}
