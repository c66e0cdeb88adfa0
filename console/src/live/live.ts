import { signal } from "@preact/signals";
import { refresh } from "../api/resource.ts";
import { oldBy, readEvent, waitMs, type Onlookers } from "./topics.ts";

const ADDRESS = "/api/management/v1/events/live";

/** What changes within this is read again once. */
const TOGETHER_MS = 1000;
const PING_MS = 240_000;
const ANSWER_MS = 10_000;
/** Without a socket the page asks by itself, while somebody looks. */
const ASK_MS = 15_000;
const ACK_EVERY = 100;

/** Whether the page is told of what happens; undefined before that is known. */
export const isLive = signal<boolean | undefined>(undefined);
/** Something has changed that is not shown yet, since somebody has the pointer on it. */
export const hasNews = signal(false);

/** Who else has the device open that is shown. */
export const onlookers = signal<Onlookers | undefined>(undefined);
let lookedAt: string | undefined;

let socket: WebSocket | undefined;
let attempt = 0;
let isWanted = false;
/** Of the last event; where the next socket begins. */
let sequence: string | undefined;
let sinceAck = 0;
const old = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;
let answer: ReturnType<typeof setTimeout> | undefined;

/** Rows are never changed under a pointer, nor a page behind a dialog. */
const isBusy = (): boolean => document.hidden || document.querySelector("tbody:hover, dialog[open]") !== null;

/** Reads again what is old by now. */
export function showNews(): void {
  hasNews.value = false;
  // One that begins another is read with it.
  const all = [...old].filter((one) => ![...old].some((other) => other !== one && one.startsWith(other)));
  old.clear();
  for (const prefix of all) refresh(prefix);
}

function flush(): void {
  timer = undefined;
  if (old.size === 0) return;
  if (!isBusy()) return showNews();
  hasNews.value = !document.hidden;
  timer = setTimeout(flush, TOGETHER_MS);
}

function note(prefixes: readonly string[]): void {
  for (const prefix of prefixes) old.add(prefix);
  timer ??= setTimeout(flush, TOGETHER_MS);
}

function take(data: unknown): void {
  const said = readEvent(data);
  if (!said) return;
  if ("onlookers" in said) {
    if (said.onlookers.device === lookedAt) onlookers.value = said.onlookers;
    return;
  }
  if ("cursor" in said) {
    clearTimeout(answer);
    return;
  }
  sequence = said.sequence;
  if (++sinceAck >= ACK_EVERY) {
    sinceAck = 0;
    socket?.send(JSON.stringify({ ack: sequence }));
  }
  note(oldBy(said));
}

function open(): void {
  if (!isWanted || socket) return;
  const from = sequence === undefined ? "" : `?${new URLSearchParams({ cursor: sequence })}`;
  const one = new WebSocket(ADDRESS + from);
  let wasOpen = false;
  socket = one;
  one.addEventListener("open", () => {
    wasOpen = true;
    attempt = 0;
    sinceAck = 0;
    // Whoever had no place in the stream knows nothing of what happened meanwhile.
    if (isLive.value === false && sequence === undefined) note([""]);
    isLive.value = true;
    if (lookedAt !== undefined) one.send(JSON.stringify({ at: lookedAt }));
  });
  one.addEventListener("message", ({ data }) => take(data));
  one.addEventListener("close", () => {
    if (socket !== one) return;
    socket = undefined;
    clearTimeout(answer);
    if (!isWanted) return;
    isLive.value = false;
    // It may be the place in the stream that is not kept any more: the next one begins without.
    if (!wasOpen && attempt > 0) sequence = undefined;
    setTimeout(open, waitMs(attempt++, Math.random()));
  });
}

/** Told of nothing for long it asks whether anybody is there. */
function ping(): void {
  if (document.hidden || socket?.readyState !== WebSocket.OPEN) return;
  socket.send('{"ping":1}');
  answer = setTimeout(() => socket?.close(), ANSWER_MS);
}

/** Says to others who look at this device that one does too; at none any more if none is named. */
export function lookAt(device: string | undefined): void {
  lookedAt = device;
  onlookers.value = undefined;
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ at: device ?? null }));
}

/** Follows what happens in the tenant, from now on. */
export function goLive(): void {
  if (isWanted) return;
  isWanted = true;
  open();
  setInterval(ping, PING_MS);
  setInterval(() => {
    if (isWanted && isLive.value === false && !isBusy()) refresh("");
  }, ASK_MS);
  addEventListener("online", open);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) flush();
  });
}

/** Of who was signed in before. */
export function endLive(): void {
  isWanted = false;
  sequence = undefined;
  isLive.value = undefined;
  socket?.close();
  socket = undefined;
}
