import type { Deps } from "../../platform/deps.ts";
import { askOutside } from "../../platform/outgoing-request.ts";

const MAX_KEYS_BYTES = 64 * 1024;
const KEEP_MS = 10 * 60_000;
const MAX_KEPT = 200;

interface Kept {
  body: string;
  atMs: number;
}

// What providers publish, by configuration and address. Safe to lose.
const kept = new WeakMap<Deps["settings"], Map<string, Kept>>();

const keptBy = ({ settings }: Deps): Map<string, Kept> => {
  const known = kept.get(settings) ?? new Map<string, Kept>();
  kept.set(settings, known);
  return known;
};

/** The keys at an address as they were a moment ago at most, or as they are now. */
export class ProviderKeys {
  readonly #deps: Deps;
  readonly #address: string;

  constructor(deps: Deps, address: string) {
    this.#deps = deps;
    this.#address = address;
  }

  #known(): Kept | undefined {
    const known = keptBy(this.#deps).get(this.#address);
    const ageMs = known ? this.#deps.now() - known.atMs : Infinity;
    return ageMs >= 0 && ageMs < KEEP_MS ? known : undefined;
  }

  /** Whether they were read before, so that others may have come since. */
  get areKept(): boolean {
    return this.#known() !== undefined;
  }

  forget(): void {
    keptBy(this.#deps).delete(this.#address);
  }

  async read(): Promise<Response> {
    const headers = { "Content-Type": "application/json" };
    const known = this.#known();
    if (known) return new Response(known.body, { headers });
    const response = await askOutside(this.#deps, this.#address, {}, MAX_KEYS_BYTES);
    if (response.status !== 200) return response;
    const body = await response.text();
    const all = keptBy(this.#deps);
    if (all.size >= MAX_KEPT) all.clear();
    all.set(this.#address, { body, atMs: this.#deps.now() });
    return new Response(body, { headers });
  }
}
