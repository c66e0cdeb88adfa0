import { StreamFault } from "./bytes.ts";
import { Pace, STEP_COST } from "./pace.ts";

export type UnpackLimits = {
  /** Unpacked bytes that are fine however small the packed input is. */
  allowanceBytes: number;
  /** Unpacked bytes allowed for each packed byte on top of that. */
  ratio: number;
};

/** Stops a bomb: what comes out of all decoders of an artifact is held against what went into them. */
export class UnpackBudget {
  readonly pace: Pace;
  readonly #limits: UnpackLimits;
  readonly #outer: UnpackBudget | null;
  #packedBytes = 0;
  #unpackedBytes = 0;

  constructor(limits: UnpackLimits, outer: UnpackBudget | null = null) {
    this.#limits = limits;
    this.#outer = outer;
    this.pace = outer?.pace ?? new Pace();
  }

  /** A limit of its own for a part, which counts for the whole as well. */
  part(limits: UnpackLimits): UnpackBudget {
    return new UnpackBudget(limits, this);
  }

  addPacked(bytes: number): void {
    this.#packedBytes += bytes;
    if (this.#outer) this.#outer.addPacked(bytes);
    else this.pace.spend(bytes * STEP_COST.packedByte);
  }

  addUnpacked(bytes: number): void {
    const { allowanceBytes, ratio } = this.#limits;
    this.#unpackedBytes += bytes;
    if (this.#unpackedBytes > allowanceBytes + ratio * this.#packedBytes) {
      const times = ratio === 0 ? "" : ` and ${ratio} times the packed size`;
      throw new StreamFault(
        "limit",
        `unpacked content is too large: more than ${allowanceBytes} bytes${times}`,
      );
    }
    if (this.#outer) this.#outer.addUnpacked(bytes);
    else this.pace.spend(bytes);
  }
}
