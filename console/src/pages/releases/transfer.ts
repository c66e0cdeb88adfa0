import { signal, type Signal } from "@preact/signals";
import { api, bodyOf, Refused } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import { send } from "../../parts/send.ts";

type Phase = "sending" | "paused" | "verifying" | "done" | "failed";

export interface Transfer {
  phase: Phase;
  sent: number;
  total: number;
  /** Bytes a second, of the last seconds. */
  rate: number;
  error?: unknown;
}

const AT_ONCE = 3;
const TRIES = 5;
const LOOK_MS = 1000;
const NAME = "edgemend.upload";

interface Kept {
  id: string;
  name: string;
  size: number;
  modified: number;
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The link's own address may name the host in another way than the page does. */
const pathOf = (uri: string): string => {
  const { pathname, search } = new URL(uri, location.href);
  return pathname + search;
};

/** The upload that a reload interrupted. */
export function keptUpload(): Kept | undefined {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? "null") as Kept | undefined;
  } catch {
    return undefined;
  }
}

export const isKept = (file: File, kept: Kept | undefined): boolean =>
  kept?.name === file.name && kept.size === file.size && kept.modified === file.lastModified;

/** An upload in parts: it may be paused, and goes on after a reload with what arrived. */
export class Upload {
  readonly state: Signal<Transfer>;
  readonly #file: File;
  readonly #arrived = new Map<number, number>();
  readonly #onTheWay = new Map<number, number>();
  #stop = new AbortController();
  #id = "";
  #uri = "";
  #partSize = 0;
  #marks: [ms: number, bytes: number][] = [];

  constructor(file: File) {
    this.#file = file;
    this.state = signal<Transfer>({ phase: "sending", sent: 0, total: file.size, rate: 0 });
  }

  /** Goes until everything is there and the server has checked it. */
  async run(): Promise<void> {
    this.#stop = new AbortController();
    this.#change({ phase: "sending", error: undefined });
    try {
      await this.#begin();
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.#sendParts()));
      if (this.#stop.signal.aborted) return;
      await api.POST("/api/management/v1/deployments/artifacts/directupload/{id}/complete", {
        params: { path: { id: this.#id } },
      });
      this.#change({ phase: "verifying" });
      await this.#verified();
      localStorage.removeItem(NAME);
      this.#change({ phase: "done" });
      refresh("releases");
    } catch (error) {
      const isPaused = this.#stop.signal.aborted;
      this.#stop.abort();
      if (!isPaused) this.#change({ phase: "failed", error });
    }
  }

  pause(): void {
    this.#stop.abort();
    this.#change({ phase: "paused" });
  }

  async giveUp(): Promise<void> {
    this.#stop.abort();
    localStorage.removeItem(NAME);
    if (this.#id === "") return;
    await api.DELETE("/api/management/v1/deployments/artifacts/directupload/{id}", {
      params: { path: { id: this.#id } },
    });
  }

  async #begin(): Promise<void> {
    const kept = keptUpload();
    const known = this.#id || (isKept(this.#file, kept) ? kept?.id : undefined);
    if (known !== undefined && (await this.#goOn(known))) return;
    const link = bodyOf(
      await api.POST("/api/management/v1/deployments/artifacts/directupload", {
        body: { size: this.#file.size },
      }),
    );
    this.#id = link.id;
    this.#uri = pathOf(link.uri);
    this.#partSize = link.part_size;
    const { name, size, lastModified: modified } = this.#file;
    localStorage.setItem(NAME, JSON.stringify({ id: link.id, name, size, modified } satisfies Kept));
  }

  /** False if the server no longer has it open. */
  async #goOn(id: string): Promise<boolean> {
    const status = await this.#look(id).catch((cause: unknown) => {
      if (cause instanceof Refused && cause.status === 404) return undefined;
      throw cause;
    });
    if (status?.state !== "open") {
      this.#arrived.clear();
      return false;
    }
    this.#id = id;
    this.#uri = pathOf(status.uri);
    this.#partSize = status.part_size;
    this.#arrived.clear();
    for (const { part, size } of status.parts) this.#arrived.set(part, size);
    this.#count();
    return true;
  }

  #look = async (id: string) =>
    bodyOf(
      await api.GET("/api/management/v1/deployments/artifacts/directupload/{id}", {
        params: { path: { id } },
      }),
    );

  async #sendParts(): Promise<void> {
    const parts = Math.max(1, Math.ceil(this.#file.size / this.#partSize));
    for (let part = 1; part <= parts && !this.#stop.signal.aborted; part += 1) {
      if (this.#arrived.has(part) || this.#onTheWay.has(part)) continue;
      await this.#sendPart(part);
    }
  }

  async #sendPart(part: number, tries = 1): Promise<void> {
    const bytes = this.#file.slice((part - 1) * this.#partSize, part * this.#partSize);
    this.#onTheWay.set(part, 0);
    try {
      await send("PUT", `${this.#uri}&part=${part}`, bytes, {
        signal: this.#stop.signal,
        onSent: (sent) => {
          this.#onTheWay.set(part, sent);
          this.#count();
        },
      });
      this.#arrived.set(part, bytes.size);
    } catch (cause) {
      const isFinal = cause instanceof Refused && cause.status < 500 && cause.status !== 429;
      if (isFinal || tries === TRIES || this.#stop.signal.aborted) throw cause;
      await later(LOOK_MS * 2 ** tries);
      await this.#sendPart(part, tries + 1);
    } finally {
      this.#onTheWay.delete(part);
      this.#count();
    }
  }

  async #verified(): Promise<void> {
    for (;;) {
      const { state, error } = await this.#look(this.#id);
      if (state === "done") return;
      if (state === "failed") {
        localStorage.removeItem(NAME);
        this.#id = "";
        throw new Refused(422, error ?? "the server did not take it");
      }
      await later(LOOK_MS);
    }
  }

  #count(): void {
    const sum = (numbers: Map<number, number>) => [...numbers.values()].reduce((all, one) => all + one, 0);
    const sent = Math.min(this.#file.size, sum(this.#arrived) + sum(this.#onTheWay));
    const now = performance.now();
    this.#marks = [...this.#marks.filter(([ms]) => now - ms < 5000), [now, sent]];
    const [from, before] = this.#marks[0] ?? [now, sent];
    const rate = now > from ? Math.max(0, ((sent - before) / (now - from)) * 1000) : 0;
    this.#change({ sent, rate });
  }

  #change(change: Partial<Transfer>): void {
    this.state.value = { ...this.state.peek(), ...change };
  }
}
