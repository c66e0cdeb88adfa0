import { vi } from "vitest";
import type { Answer, Call, Server } from "./server.ts";

export const USERADM = "/api/management/v1/useradm";
export const METADATA = `${USERADM}/sso/idp/metadata`;

/** What is fetched from here on is answered so. */
export function outsideIs(answer: (url: URL, request: Request) => Promise<Response> | Response): void {
  vi.stubGlobal("fetch", (address: string, init?: RequestInit) => {
    const request = new Request(address, init);
    return Promise.resolve(answer(new URL(address), request));
  });
}

/** A cookie that an answer sets. */
function cookieIn(answer: Answer, name: RegExp): string | undefined {
  const line = answer.headers.getSetCookie().find((one) => name.test(one.split("=")[0] ?? ""));
  return line?.split(";")[0];
}

export interface Begun {
  /** Where the browser is sent. */
  location: URL;
  /** What it keeps. */
  cookie: string;
}

export async function begin(server: Server, path: string): Promise<Begun> {
  const answer = await server.call("GET", `${USERADM}${path}`);
  if (answer.status !== 302) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return {
    location: new URL(answer.headers.get("location") ?? ""),
    cookie: cookieIn(answer, /^sso_/) ?? "",
  };
}

const idOf = (answer: Answer): string => {
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return answer.headers.get("location")?.split("/").at(-1) ?? "";
};

export const addProvider = async (server: Server, token: string, sent: Call): Promise<string> =>
  idOf(await server.call("POST", METADATA, { token, ...sent }));

/** The token that a sign-in handed over, or why there is none. */
export const outcome = (answer: Answer): string =>
  answer.status === 302 ? (cookieIn(answer, /^JWT$/)?.slice(4) ?? "no token") : String(answer.json().error);

export const isToken = (text: string): boolean => text.split(".").length === 3;
