import { connect, type Socket } from "node:net";
import { AnswerReader, type Answer } from "./answer.ts";

const LOOPBACK = "127.0.0.1";

interface Waiting {
  bytes: string;
  answered: (answer: Answer) => void;
  /** Sent once more, because the server closed an idle connection while the request was on its way. */
  isSecond: boolean;
}

/**
 * One kept-alive connection with at most one request on it. By hand, because the generator shares the machine with the
 * server, and a general client costs more than the requests it sends.
 */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #reader = new AnswerReader();
  #waiting: Waiting | undefined;
  onLost: (cause: Error) => void = () => {};

  private constructor(port: number) {
    this.#port = port;
  }

  static async open(port: number): Promise<Connection> {
    const connection = new Connection(port);
    await connection.ready();
    return connection;
  }

  /** Opens it anew if the server has closed it for being idle. */
  ready(): Promise<void> {
    if (this.#socket) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const socket = connect({ host: LOOPBACK, port: this.#port, noDelay: true }, () => {
        socket.off("error", reject);
        this.#take(socket);
        resolve();
      });
      socket.once("error", reject);
    });
  }

  send(bytes: string, answered: (answer: Answer) => void): void {
    if (this.#waiting) throw new Error("the connection is in use");
    this.#waiting = { bytes, answered, isSecond: false };
    this.#write();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #take(socket: Socket): void {
    this.#socket = socket;
    this.#reader = new AnswerReader();
    socket.setEncoding("latin1");
    socket.on("data", (piece: string) => this.#read(piece));
    // What happens then is told by the event after it.
    socket.on("error", () => {});
    socket.on("close", () => this.#closed(socket));
  }

  #write(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    if (this.#socket) this.#socket.write(waiting.bytes, "latin1");
    else this.ready().then(() => this.#write(), this.onLost);
  }

  #closed(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const waiting = this.#waiting;
    if (!waiting) return;
    if (waiting.isSecond || this.#reader.hasBegun) {
      this.onLost(new Error("the server closed a connection"));
      return;
    }
    waiting.isSecond = true;
    this.#write();
  }

  #read(piece: string): void {
    const answer = this.#reader.push(piece);
    if (!answer) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.answered(answer);
  }
}
