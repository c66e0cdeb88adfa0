import { UsageError } from "./flags.ts";
import { databaseFault } from "./file-faults.ts";

/** One line for whoever started the program. */
export function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [line = ""] = text.split("\n");
  return cause instanceof UsageError ? line : `${line}; with --verbose it tells more`;
}

/**
 * What the server logs. Until it is ready the lines are held: a start that fails says one line and not what the runtime
 * had to say about it, unless it was asked to.
 */
export class StartLog {
  isVerbose = false;
  readonly #say: (line: string) => void;
  #isReady = false;
  #held: string[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  readonly write = (line: string): void => {
    if (!this.#isReady) this.#held.push(line);
    if (this.#isReady || this.isVerbose) this.#say(line);
  };

  ready(): void {
    if (!this.isVerbose) for (const line of this.#held) this.#say(line);
    this.#held = [];
    this.#isReady = true;
  }

  /** Tells a failure by what was logged before it, where that says more. */
  async explaining<T>(folder: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      throw databaseFault(folder, this.#held) ?? cause;
    }
  }
}
