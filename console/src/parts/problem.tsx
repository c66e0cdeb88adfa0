import { useEffect, useState } from "preact/hooks";
import { Refused } from "../api/client.ts";
import { missingOf, NOT_YOURS } from "../api/missing.ts";

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function adviceOf(error: unknown): string | undefined {
  if (error instanceof TypeError) return "The server was not reached. Is the network there?";
  if (!(error instanceof Refused)) return undefined;
  if (error.status === 403) return `${NOT_YOURS} Whoever manages the users can change that.`;
  return undefined;
}

/** Of a server that asks for patience; counts the seconds that it named. */
function Busy({ seconds = 0 }: { seconds?: number | undefined }) {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const untilMs = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      const rest = Math.max(0, Math.ceil((untilMs - Date.now()) / 1000));
      setLeft(rest);
      if (rest === 0) clearInterval(timer);
    }, 500);
    return () => clearInterval(timer);
  }, [seconds]);
  return <span>{`The server is busy. Try again${left > 0 ? ` in ${left} s` : " now"}.`}</span>;
}

/** Which permission it would take. */
function Missing({ error }: { error: Refused }) {
  const [text, tell] = useState<string>();
  useEffect(() => void missingOf(error).then(tell), [error]);
  return text ? <span>{text}</span> : null;
}

/** What went wrong in a part of the page, in the server's words, and what can be done. */
export function Problem({ error, again }: { error: unknown; again?: () => void }) {
  if (error === undefined || error === null) return null;
  const advice = adviceOf(error);
  const isBusy = error instanceof Refused && (error.status === 429 || error.status === 503);
  return (
    <div class="problem" role="alert">
      <strong>{told(error)}</strong>
      {advice && <span>{advice}</span>}
      {error instanceof Refused && error.status === 403 && <Missing error={error} />}
      {isBusy && <Busy seconds={error.retryAfterS} />}
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
