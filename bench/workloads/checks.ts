import { headerOf, type Answer } from "../load/answer.ts";

export type Check = (answer: Answer) => string | undefined;

/** What holds of every answer: the status, and the id of the request. */
function unlike(answer: Answer, status: number): string | undefined {
  if (answer.status !== status) return `${answer.status} in place of ${status}: ${answer.body.slice(0, 200)}`;
  if (!headerOf(answer, "x-men-requestid")) return "an answer without X-MEN-RequestID";
  return undefined;
}

/** Device clients refuse a body where none belongs. */
export const isEmpty =
  (status: number): Check =>
  (answer) =>
    unlike(answer, status) ?? (answer.body === "" ? undefined : `a body after ${status}: ${answer.body}`);

export const isToken =
  (device: string): Check =>
  (answer) => {
    const other = unlike(answer, 200);
    if (other !== undefined) return other;
    if (!headerOf(answer, "content-type")?.startsWith("application/jwt"))
      return "a token that is not called one";
    const claims = JSON.parse(Buffer.from(answer.body.split(".")[1] ?? "", "base64url").toString());
    return claims.sub === device && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(answer.body)
      ? undefined
      : `a token for ${claims.sub} in place of ${device}`;
  };

export const isInstruction =
  (release: string): Check =>
  (answer) => {
    const other = unlike(answer, 200);
    if (other !== undefined) return other;
    const { id, artifact } = JSON.parse(answer.body);
    const whole = typeof id === "string" && typeof artifact.source.uri === "string" && artifact.source.expire;
    return whole && artifact.artifact_name === release ? undefined : `not the instructions: ${answer.body}`;
  };

/** A refusal for the time being tells when to come again. */
export const isLater: Check = (answer) =>
  unlike(answer, 429) ??
  (Number(headerOf(answer, "retry-after")) > 0 ? undefined : "429 without Retry-After");

export const isOk: Check = (answer) => unlike(answer, 200);
