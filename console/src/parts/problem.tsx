import { Refused } from "../api/client.ts";

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function adviceOf(error: unknown): string | undefined {
  if (error instanceof TypeError) return "The server was not reached. Is the network there?";
  if (!(error instanceof Refused)) return undefined;
  if (error.status === 403)
    return "Your roles do not include this. Whoever manages the users can change that.";
  if (error.status === 429 || error.status === 503)
    return `The server is busy. Try again${error.retryAfterS ? ` in ${error.retryAfterS} s` : ""}.`;
  return undefined;
}

/** What went wrong in a part of the page, in the server's words, and what can be done. */
export function Problem({ error, again }: { error: unknown; again?: () => void }) {
  if (error === undefined || error === null) return null;
  const advice = adviceOf(error);
  return (
    <div class="problem" role="alert">
      <strong>{told(error)}</strong>
      {advice && <span>{advice}</span>}
      <span class="row">
        {again && (
          <button type="button" class="button" onClick={again}>
            Try again
          </button>
        )}
        {error instanceof Refused && error.requestId && (
          <span class="quiet">
            request <code>{error.requestId}</code>
          </span>
        )}
      </span>
    </div>
  );
}
