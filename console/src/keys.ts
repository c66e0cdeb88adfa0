import { signal } from "@preact/signals";

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
  x: () => rows()[rowNow()]?.querySelector<HTMLElement>('input[type="checkbox"]')?.click(),
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
  return () => removeEventListener("keydown", onKey);
}
