import { connect, type Socket } from "node:net";
import { AnswerReader, type Answer } from "./answer.ts";

const LOOPBACK = "127.0.0.1";

/**
 * One kept-alive connection with at most one request on it. By hand, because the generator shares the machine with the
 * server, and a general client costs more than the requests it sends.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  #waiting: ((answer: Answer) => void) | undefined;
  onLost: (cause: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (piece: string) => this.#read(piece));
    socket.on("error", (cause) => this.onLost(cause));
    socket.on("close", () => this.onLost(new Error("the server closed a connection")));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: LOOPBACK, port, noDelay: true }, () => {
        socket.off("error", reject);
        resolve(new Connection(socket));
      });
      socket.once("error", reject);
    });
  }

  send(bytes: string, answered: (answer: Answer) => void): void {
    if (this.#waiting) throw new Error("the connection is in use");
    this.#waiting = answered;
    this.#socket.write(bytes, "latin1");
  }

  close(): void {
    this.onLost = () => {};
    this.#socket.destroy();
  }

  #read(piece: string): void {
    const answer = this.#reader.push(piece);
    if (!answer) return;
    const answered = this.#waiting;
    this.#waiting = undefined;
    answered?.(answer);
  }
}
