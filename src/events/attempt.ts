import { TargetRefused } from "../platform/send-outgoing.ts";

/** For one request to a receiver or a cloud. */
export const REQUEST_MS = 10_000;

/** How an attempt to tell a receiver ended. */
export interface Attempt {
  success: boolean;
  /** Where an answer came. */
  statusCode?: number;
  error?: string;
  /** What the receiver said: of it no more is kept than a beginning. */
  answer?: string;
}

/** Whether there is somebody, who may not want this event. */
export const hasReceiver = ({ success, statusCode = 500 }: Attempt): boolean =>
  success || (statusCode < 500 && statusCode !== 408 && statusCode !== 429);

/** An answer with a status that means failure. */
export const unexpectedStatus = (statusCode: number): Attempt & { success: false } => ({
  success: false,
  statusCode,
  error: `client: unexpected status code from API: ${statusCode}`,
});

/** What users learn of a request that had no answer; the log has the rest. */
export const noAnswer = (cause: unknown): Attempt => {
  if (cause instanceof TargetRefused)
    return { success: false, error: "client: destination address is in reserved address range" };
  const isLate = cause instanceof Error && /^(TimeoutError|AbortError)$/.test(cause.name);
  return { success: false, error: isLate ? "client: no answer in time" : "client: the connection failed" };
};
