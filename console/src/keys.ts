import { signal } from "@preact/signals";
import { beside, listOf, thingOf } from "./neighbours.ts";
import { tell } from "./parts/toast.tsx";

const OFF = "edgemend.keys";

/** Whether single letters do something; some people's hands or programs type them by accident. */
export const areLettersOn = signal(localStorage.getItem(OFF) !== "off");

export function setLetters(isOn: boolean): void {
  areLettersOn.value = isOn;
  localStorage.setItem(OFF, isOn ? "on" : "off");
}

/** What lies over the page. */
export const overlay = signal<"palette" | "help" | undefined>(undefined);

/** What was typed before the palette was there to take it. */
let typedAhead = "";

export function takeTyped(): string {
  const typed = typedAhead;
  typedAhead = "";
  return typed;
}

/** `g`, then one of these. */
export const PLACES: Readonly<Record<string, readonly [path: string, title: string]>> = {
  h: ["/", "home"],
  d: ["/devices", "devices"],
  r: ["/releases", "releases"],
  p: ["/deployments", "deployments"],
  a: ["/admission", "admission"],
  l: ["/audit", "audit log"],
  s: ["/settings", "settings"],
};

const SECOND_MS = 1500;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest("input:not([type=checkbox]), textarea, select, .terminal, [contenteditable]") !== null;

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("main tbody tr")];
const linkOf = (row: HTMLElement | undefined): HTMLElement | null =>
  row?.querySelector<HTMLElement>("a, button, input") ?? null;

const rowNow = (): number => rows().findIndex((row) => row.contains(document.activeElement));

function move(by: number): void {
  const all = rows();
  const next = all[Math.min(all.length - 1, Math.max(0, rowNow() + by))];
  (next?.querySelector<HTMLElement>("a") ?? linkOf(next))?.focus();
}

const pickOf = (row: HTMLElement | undefined): HTMLInputElement | null =>
  row?.querySelector<HTMLInputElement>('input[type="checkbox"]') ?? null;

/** The row that was selected last: from it a range goes. */
let pickedLast: HTMLElement | null = null;

function rememberPick({ target }: Event): void {
  if (!(target instanceof HTMLInputElement) || target.type !== "checkbox") return;
  const row = target.closest<HTMLElement>("main tbody tr");
  if (row) pickedLast = row;
}

/** Selects all from the row selected last to the one with the focus; that one alone if no other is. */
function pickRange(): void {
  const all = rows();
  const now = rowNow();
  if (now < 0) return;
  const last = pickedLast && pickOf(pickedLast)?.checked ? all.indexOf(pickedLast) : -1;
  const from = last < 0 ? now : last;
  for (const row of all.slice(Math.min(from, now), Math.max(from, now) + 1)) {
    const pick = pickOf(row);
    if (pick && !pick.checked) pick.click();
  }
}

/** Things of one kind, in the order of the list from which one of them was opened. */
let listed: readonly string[] = [];

function rememberList({ target }: Event): void {
  const link = target instanceof Element ? target.closest("main tbody a[href]") : null;
  const opened = thingOf(link?.getAttribute("href") ?? "");
  if (link === null || opened === undefined) return;
  const hrefsOf = (row: HTMLElement) =>
    [...row.querySelectorAll("a[href]")].map((one) => one.getAttribute("href") ?? "");
  listed = listOf(rows().map(hrefsOf), opened);
}

function goBeside(by: 1 | -1, go: (path: string) => void): void {
  const found = beside(listed, location.pathname, by);
  if ("to" in found) go(found.to);
  else tell(found.why);
}

const focusFirst = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();

/** Letters that do something by themselves. */
const LETTERS: Readonly<Record<string, (go: (path: string) => void) => void>> = {
  "/": (go) => {
    if (document.querySelector('[data-key="/"]')) focusFirst('[data-key="/"]');
    else go("/devices");
  },
  "?": () => (overlay.value = "help"),
  j: () => move(1),
  k: () => move(-1),
  x: () => pickOf(rows()[rowNow()])?.click(),
  X: pickRange,
  "[": (go) => goBeside(-1, go),
  "]": (go) => goBeside(1, go),
  c: (go) => go("/deployments/new"),
};

/** Keys for all pages. `go` shows a page. Returns what ends it. */
export function listenForKeys(go: (path: string) => void): () => void {
  let afterG = 0;
  const onKey = (event: KeyboardEvent) => {
    const { key } = event;
    if (key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      if (event.target instanceof HTMLElement && event.target.closest(".terminal")) return;
      event.preventDefault();
      overlay.value = overlay.value === "palette" ? undefined : "palette";
      typedAhead = "";
      return;
    }
    if (overlay.value === "palette" && !document.querySelector("dialog[open]")) {
      if (key.length === 1 && !event.ctrlKey && !event.metaKey) typedAhead += key;
      if (key === "Enter") typedAhead += "\n";
      event.preventDefault();
      return;
    }
    if (!areLettersOn.value || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const isSecond = event.timeStamp - afterG < SECOND_MS && afterG > 0;
    afterG = key === "g" && !isSecond ? event.timeStamp : 0;
    const place = isSecond ? PLACES[key] : undefined;
    const does = place ? () => go(place[0]) : isSecond ? undefined : LETTERS[key];
    if (!does) return;
    event.preventDefault();
    does(go);
  };
  addEventListener("keydown", onKey);
  addEventListener("change", rememberPick);
  // Before the router follows the link and the list is gone.
  addEventListener("click", rememberList, true);
  return () => {
    removeEventListener("keydown", onKey);
    removeEventListener("change", rememberPick);
    removeEventListener("click", rememberList, true);
  };
}
