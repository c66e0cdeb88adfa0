// The field keeps the focus and has the keys; what browsers have for this shows no choice by itself.
// oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import { useResource } from "../../api/resource.ts";
import { may, signOut } from "../../api/session.ts";
import { overlay, takeTyped } from "../../keys.ts";
import { deviceName } from "../../parts/device.ts";
import { Sheet } from "../../parts/sheet.tsx";
import { plain } from "../../parts/text.ts";
import { MENU } from "../../menu.ts";
import { findPage, searchBody } from "../devices/find.ts";
import "./palette.css";

interface Choice {
  title: string;
  hint: string;
  run: (route: (path: string) => void) => void;
}

const QUIET_MS = 200;
const FOUND = 5;
const LOOKED_AT = 20;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const to = (title: string, hint: string, path: string): Choice => ({
  title,
  hint,
  run: (route) => route(path),
});

/** What can be begun from anywhere. */
const begun = (): Choice[] => [
  ...(may("deployments:manage") ? [to("New deployment", "begin", "/deployments/new")] : []),
  ...(may("artifacts:upload") ? [to("Upload a release", "begin", "/releases/upload")] : []),
  ...(may("devices:manage") ? [to("Preauthorize a device", "begin", "/admission")] : []),
  { title: "Keys", hint: "help", run: () => (overlay.value = "help") },
  { title: "Sign out", hint: "account", run: () => void signOut() },
];

const isIn = (title: string, words: string): boolean => title.toLowerCase().includes(words.toLowerCase());

/** Devices by their names or ids, as they are typed. */
function useDevices(words: string): Choice[] {
  const [asked, ask] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => ask(words.trim()), QUIET_MS);
    return () => clearTimeout(timer);
  }, [words]);
  const isAsked = asked.length > 1 && may("devices:read");
  const found = useResource(isAsked ? `palette?${asked}` : undefined, async (signal) => {
    const body = searchBody(JSON.stringify(asked), Date.now()) ?? {};
    const { rows } = await findPage(body, { page: 1, perPage: LOOKED_AT, sort: "" }, signal);
    // Words are found in any order: who is called just so comes first.
    const isCalled = (row: (typeof rows)[number]) =>
      row.attributes?.some(({ value }) => String(value).toLowerCase().includes(asked.toLowerCase()));
    return [...rows.filter(isCalled), ...rows.filter((row) => !isCalled(row))].slice(0, FOUND);
  });
  const rows = isAsked ? (found.data ?? []) : [];
  const named = rows.map((row) => to(deviceName(row), "device", `/devices/${row.id}`));
  return ID.test(asked) && !rows.some(({ id }) => id === asked)
    ? [to(asked, "device", `/devices/${asked.toLowerCase()}`), ...named]
    : named;
}

/** Goes to a page or a device, or begins something, by a few letters. */
export function Palette({ onClose }: { onClose: () => void }) {
  const { route } = useLocation();
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const devices = useDevices(words);
  const pages = MENU.filter(({ isFor }) => isFor()).map(({ title, path }) => to(title, "page", path));
  const choices = [...[...pages, ...begun()].filter(({ title }) => isIn(title, words.trim())), ...devices];
  const chosen = Math.min(at, choices.length - 1);
  const take = (choice: Choice | undefined) => {
    if (!choice) return;
    onClose();
    choice.run(route);
  };
  // What was typed before the field was there; a line end chooses.
  const [isEntered, enter] = useState(false);
  useEffect(() => {
    const [typed = "", ...lines] = takeTyped().split("\n");
    setWords(typed);
    enter(lines.length > 0);
  }, []);
  useEffect(() => {
    if (isEntered) take(choices[chosen]);
  }, [isEntered]);
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (by === undefined) take(choices[chosen]);
    else setAt((chosen + by + choices.length) % Math.max(1, choices.length));
  };
  return (
    <Sheet title="Go to" onClose={onClose}>
      <input
        class="input"
        type="text"
        role="combobox"
        aria-label="Page, device or action"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={choices.length > 0 ? `palette-${chosen}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder="Page, device or action"
        value={words}
        onKeyDown={onKey}
        onInput={({ currentTarget }) => {
          setWords(currentTarget.value);
          setAt(0);
        }}
      />
      <div id="palette-list" class="palette" role="listbox" aria-label="Found">
        {choices.map((choice, i) => (
          <div
            key={`${choice.hint}${choice.title}${i}`}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => take(choice)}
          >
            <span>{plain(choice.title)}</span>
            <span class="quiet">{choice.hint}</span>
          </div>
        ))}
      </div>
      {choices.length === 0 && <p class="quiet">Nothing has this in its name.</p>}
    </Sheet>
  );
}
