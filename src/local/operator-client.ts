/** What the server answered instead of what was asked for. */
class OperatorError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function reasonIn(text: string, status: number): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "error" in parsed) return String(parsed.error);
  } catch {
    // not JSON: the text itself is the best there is
  }
  return text.trim() || `status ${status}`;
}

async function textOf(response: Response): Promise<string> {
  const text = await response.text();
  if (!response.ok) throw new OperatorError(response.status, reasonIn(text, response.status));
  return text;
}

/** A server's operator API. */
export class OperatorClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** The parsed answer; undefined if it has no body. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = await this.text(method, path, body);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Sends bytes; the parsed answer. */
  async put(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> {
    const headers = { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/octet-stream" };
    return JSON.parse(await textOf(await this.#send(path, { method: "PUT", headers, body: bytes })));
  }

  /** The answer as it came. */
  async text(method: string, path: string, body?: unknown): Promise<string> {
    const response = await this.#send(path, {
      method,
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return textOf(response);
  }

  async #send(path: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.#url}/api/operator/v1${path}`, { ...request, redirect: "manual" });
    } catch (cause) {
      const reason =
        cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new Error(`${this.#url} cannot be reached: ${reason}`, { cause });
    }
  }
}
