import { CONTROL, decodeFrame, encodeFrame, errorOf, type Frame, piecesOf, SHELL } from "./frame.ts";
import type { Size } from "./size.ts";

const GOES_WELL = 1;
const NORMAL = 1000;
const LOST = 1006;
/** What the server says to somebody who comes without an upgrade, once all else is well. */
const NO_UPGRADE = 400;

export const connectPath = (device: string): string =>
  `/api/management/v1/deviceconnect/devices/${encodeURIComponent(device)}/connect`;

interface Told {
  onStart: () => void;
  onOutput: (bytes: Uint8Array) => void;
  /** Once. With the words of who ended it. */
  onEnd: (why: string) => void;
}

const textOf = (body: Uint8Array | undefined): string => new TextDecoder().decode(body);

/** A shell that exits leaves a terminal that cannot be read any more, which devices tell as an error. */
const EXITED = /^read \/dev\/ptmx:/;

const endOf = (isWell: boolean, said: string): string =>
  isWell || EXITED.test(said) ? "The shell has ended." : said || "The shell broke off.";

/** One shell on a device, over a socket of its own. */
export class Shell {
  readonly #socket: WebSocket;
  readonly #told: Told;
  readonly #device: string;
  readonly #size: Size;
  #sid: string | undefined;
  #isOver = false;
  #wasOpen = false;

  constructor(device: string, size: Size, told: Told) {
    this.#device = device;
    this.#told = told;
    this.#size = size;
    this.#socket = new WebSocket(connectPath(device));
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => this.#begin());
    this.#socket.addEventListener("message", ({ data }) => {
      const frame = data instanceof ArrayBuffer ? decodeFrame(data) : undefined;
      if (frame) this.#take(frame);
    });
    this.#socket.addEventListener("close", ({ code, reason }) => void this.#closed(code, reason));
  }

  type(bytes: Uint8Array): void {
    for (const body of piecesOf(bytes)) this.#send({ proto: SHELL, typ: "shell", body });
  }

  resize({ cols, rows }: Size): void {
    this.#send({ proto: SHELL, typ: "resize", props: { terminal_width: cols, terminal_height: rows } });
  }

  stop(why = "You have left it."): void {
    this.#send({ proto: SHELL, typ: "stop" });
    this.#end(why);
  }

  #begin(): void {
    this.#wasOpen = true;
    const { cols, rows } = this.#size;
    this.#send({ proto: SHELL, typ: "new", props: { terminal_width: cols, terminal_height: rows } });
  }

  #send(frame: Frame): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(encodeFrame({ ...frame, ...(this.#sid !== undefined && { sid: this.#sid }) }));
  }

  #take(frame: Frame): void {
    this.#sid ??= frame.sid;
    if (frame.proto === CONTROL) return frame.typ === "error" ? this.#end(errorOf(frame)) : undefined;
    if (frame.proto !== SHELL) return;
    const isWell = Number(frame.props?.status ?? GOES_WELL) === GOES_WELL;
    if (frame.typ === "shell") this.#told.onOutput(frame.body ?? new Uint8Array());
    else if (frame.typ === "ping") this.#send({ proto: SHELL, typ: "pong" });
    else if (frame.typ === "new" && isWell) this.#told.onStart();
    else if (frame.typ === "new") this.#end(`The device refused: ${textOf(frame.body)}`);
    else if (frame.typ === "stop") this.#end(endOf(isWell, textOf(frame.body)));
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.close(NORMAL);
    this.#told.onEnd(why);
  }

  async #closed(code: number, reason: string): Promise<void> {
    if (this.#isOver) return;
    if (!this.#wasOpen) return this.#end(await this.#refusal());
    if (code === NORMAL) return this.#end("The session has ended.");
    this.#end(code === LOST || reason === "" ? "The network broke off." : `It was ended: ${reason}.`);
  }

  /** A browser does not tell why a socket was refused; the same address without an upgrade does. */
  async #refusal(): Promise<string> {
    try {
      const answer = await fetch(connectPath(this.#device));
      if (answer.status === NO_UPGRADE) return "The connection was not made. Try again.";
      const { error } = (await answer.json()) as { error?: string };
      return error ?? `It was refused (${answer.status}).`;
    } catch {
      return "The server was not reached. Is the network there?";
    }
  }
}
