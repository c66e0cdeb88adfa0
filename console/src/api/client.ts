import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema.d.ts";

/** What the server answered instead of what was asked for. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly requestId: string | undefined;
  /** Seconds; of answers that ask for patience. */
  readonly retryAfterS: number | undefined;

  /** As `GET /path`, where it is one of the document. */
  readonly operation: string | undefined;

  constructor(
    status: number,
    text: string,
    {
      requestId,
      retryAfterS,
      operation,
    }: Partial<Pick<Refused, "requestId" | "retryAfterS" | "operation">> = {},
  ) {
    super(text);
    this.status = status;
    this.requestId = requestId;
    this.retryAfterS = retryAfterS;
    this.operation = operation;
  }
}

/** Without it the server takes no cookie for a change. */
export const MARK = { "X-Edgemend-Console": "1" };

async function refusalOf(response: Response, operation: string | undefined): Promise<Refused> {
  const text = await response.text();
  let told = text;
  try {
    const body = JSON.parse(text) as { error?: unknown };
    if (typeof body.error === "string") told = body.error;
  } catch {
    // Not everything between here and the server answers in its words.
  }
  const wait = Number(response.headers.get("retry-after"));
  return new Refused(response.status, told || response.statusText || `answered ${response.status}`, {
    requestId: response.headers.get("x-men-requestid") ?? undefined,
    retryAfterS: wait > 0 ? wait : undefined,
    operation,
  });
}

let onSignedOut = (): void => {};

/** Called when the server no longer knows who asks. */
export const whenSignedOut = (told: () => void): void => {
  onSignedOut = told;
};

export async function refuseBad(response: Response, operation?: string): Promise<Response> {
  if (response.ok || response.status === 304) return response;
  const refused = await refusalOf(response, operation);
  if (refused.status === 401) onSignedOut();
  throw refused;
}

const throwing: Middleware = {
  onResponse: ({ request, response, schemaPath }) => refuseBad(response, `${request.method} ${schemaPath}`),
};

const BOOKMARK = "X-Database-Bookmark";
let bookmark: string | null = null;

/** How far the database has to be that answers: no further behind than what was seen here last. */
const remembering: Middleware = {
  onRequest: ({ request }) => {
    if (bookmark !== null) request.headers.set(BOOKMARK, bookmark);
    return request;
  },
  onResponse: ({ response }) => {
    bookmark = response.headers.get(BOOKMARK) ?? bookmark;
  },
};

/** The server's operations, typed by its own document. Every refusal is thrown. */
export const api = createClient<paths>({ headers: MARK, credentials: "same-origin" });
api.use(throwing, remembering);

/** The body of an answer that has one. */
export function bodyOf<T>({ data }: { data?: T }): T {
  if (data === undefined) throw new Error("the answer has no body");
  return data;
}
