/** What devices and users did at the same time, and what they were answered. */
export type Deed =
  | { kind: "reject" | "accept" | "decommission"; device: number }
  | { kind: "create"; deployment: string; devices: readonly number[] }
  | { kind: "abort"; deployment: string }
  | { kind: "report"; device: number; deployment: string; status: number }
  | { kind: "poll"; device: number; status: number; given: string | undefined };

/** A deed that was answered as asked, with the order of its beginning and end among all, and the clock at either. */
export type Done = Deed & { began: number; ended: number; beganMs: number; endedMs: number };

type Of<K extends Deed["kind"]> = Extract<Done, { kind: K }>;

type Decision = Extract<Done, { kind: "reject" | "accept" | "decommission" }>;

/**
 * Judges a history by one rule: what was answered counts for every request that begins afterwards, or begins at least
 * `boundMs` later. Deeds that overlap may have come in either order.
 */
export class Judge {
  readonly #done: readonly Done[];
  readonly #boundMs: number;

  constructor(done: readonly Done[], boundMs: number) {
    this.#done = done;
    this.#boundMs = boundMs;
  }

  violations(): string[] {
    return this.#done.flatMap((deed) => {
      const wrong =
        deed.kind === "poll" ? this.#poll(deed) : deed.kind === "report" ? this.#report(deed) : undefined;
      return wrong === undefined ? [] : [`${wrong}: ${JSON.stringify(deed)}`];
    });
  }

  #all<K extends Deed["kind"]>(...kinds: K[]): Of<K>[] {
    return this.#done.filter((deed): deed is Of<K> => (kinds as string[]).includes(deed.kind));
  }

  #of(kind: Decision["kind"], device: number): Decision[] {
    return this.#done.filter((deed): deed is Decision => deed.kind === kind && deed.device === device);
  }

  /** Whether the later deed must know of the earlier one. */
  #counts(earlier: Done, later: Done): boolean {
    return earlier.ended < later.began && later.beganMs - earlier.endedMs >= this.#boundMs;
  }

  /** Whether the deed may know of the other. */
  #mayCount = (other: Done, deed: Done): boolean => other.began < deed.ended;

  /** Whether the device must be refused, must not be, or may be either. */
  #admission(deed: Of<"poll"> | Of<"report">): "refused" | "admitted" | "either" {
    const gone = this.#of("decommission", deed.device);
    const ends = [...this.#of("reject", deed.device), ...gone];
    const accepts = this.#of("accept", deed.device).filter((accept) => this.#mayCount(accept, deed));
    if (gone.some((end) => this.#counts(end, deed))) return "refused";
    const isUndone = (end: Decision) => accepts.some((accept) => accept.ended > end.began);
    if (ends.some((end) => this.#counts(end, deed) && !isUndone(end))) return "refused";
    const isOver = (end: Decision) =>
      end.kind === "reject" &&
      accepts.some((accept) => accept.began > end.ended && this.#counts(accept, deed));
    return ends.every((end) => !this.#mayCount(end, deed) || isOver(end)) ? "admitted" : "either";
  }

  #poll(poll: Of<"poll">): string | undefined {
    const admission = this.#admission(poll);
    if (poll.status === 401)
      return admission === "admitted" ? "a device was refused without a reason" : undefined;
    if (admission === "refused") return "a device was let in that had been refused";
    return poll.given === undefined ? this.#nothing(poll) : this.#given(poll, poll.given);
  }

  /** Deeds that take a deployment from a device. */
  #endings(device: number, id: string): Done[] {
    return [
      ...this.#all("abort").filter(({ deployment }) => deployment === id),
      ...this.#all("report").filter(
        (report) => report.device === device && report.deployment === id && report.status === 204,
      ),
    ];
  }

  #nothing(poll: Of<"poll">): string | undefined {
    const missed = this.#all("create").find(
      (create) =>
        create.devices.includes(poll.device) &&
        this.#counts(create, poll) &&
        !this.#endings(poll.device, create.deployment).some((ending) => this.#mayCount(ending, poll)),
    );
    return missed && `deployment ${missed.deployment} was not given`;
  }

  #given(poll: Of<"poll">, id: string): string | undefined {
    const create = this.#all("create").find(({ deployment }) => deployment === id);
    if (!create?.devices.includes(poll.device)) return `deployment ${id} is not for the device`;
    const ending = this.#endings(poll.device, id).find((one) => this.#counts(one, poll));
    return ending && `deployment ${id} was given after ${ending.kind}`;
  }

  #report(report: Of<"report">): string | undefined {
    const admission = this.#admission(report);
    if (report.status === 401)
      return admission === "admitted" ? "a report was refused without a reason" : undefined;
    if (admission === "refused") return "a report was taken from a device that had been refused";
    const abort = this.#all("abort").find(
      (one) => one.deployment === report.deployment && this.#counts(one, report),
    );
    const isFinal = this.#endings(report.device, report.deployment).some(
      (one) => one.kind === "report" && one !== report && this.#mayCount(one, report),
    );
    return abort && report.status === 204 && !isFinal ? "a report was taken after the abort" : undefined;
  }
}
