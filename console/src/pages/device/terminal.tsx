import { useEffect, useRef, useState } from "preact/hooks";
import { Sheet } from "../../parts/sheet.tsx";
import { State } from "../../parts/state.tsx";
import { bytes as sizeOf, counted, plain } from "../../parts/text.ts";
import type { Screen } from "../../terminal/screen.ts";
import type { Shell } from "../../terminal/shell.ts";
import { OpenSessions } from "./open-sessions.tsx";
import type { ConsoleDevice } from "./read.ts";
import { Log } from "../../parts/log.tsx";

/** The program that draws, loaded when somebody wants a terminal. */
const load = () => Promise.all([import("../../terminal/screen.ts"), import("../../terminal/shell.ts")]);

const RESIZE_MS = 100;
const ASK_FROM_BYTES = 65_536;
const ESCAPE = "\u001b";

/** For who has no such keys. */
const KEYS = [
  ["Esc", ESCAPE],
  ["Tab", "\t"],
  ["←", `${ESCAPE}[D`],
  ["↓", `${ESCAPE}[B`],
  ["↑", `${ESCAPE}[A`],
  ["→", `${ESCAPE}[C`],
  ["Ctrl-C", "\u0003"],
  ["Ctrl-D", "\u0004"],
  ["Ctrl-Z", "\u001a"],
] as const;

interface Open {
  screen: Screen;
  shell: Shell;
}

type Stage = { at: "closed"; why?: string } | { at: "opening" } | { at: "open" };

const encoder = new TextEncoder();

/** Bytes of a mouse that are no text. */
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function useTerminal(device: string) {
  const place = useRef<HTMLElement>(null);
  const open = useRef<Open | undefined>(undefined);
  const [stage, setStage] = useState<Stage>({ at: "closed" });
  const [paste, askPaste] = useState<string>();

  const close = () => {
    open.current?.shell.stop();
    open.current?.screen.close();
    open.current = undefined;
  };
  useEffect(() => close, [device]);

  const connect = async () => {
    close();
    setStage({ at: "opening" });
    const [{ openScreen }, { Shell }] = await load();
    if (!place.current) return;
    const screen = openScreen(place.current);
    const { terminal } = screen;
    const shell = new Shell(device, screen.fit(), {
      onStart: () => {
        setStage({ at: "open" });
        terminal.focus();
      },
      onOutput: (output) => terminal.write(output),
      onEnd: (why) => setStage({ at: "closed", why }),
    });
    terminal.onData((text) => shell.type(encoder.encode(text)));
    terminal.onBinary((text) => shell.type(bytesOf(text)));
    terminal.onResize((size) => shell.resize(size));
    // The way out for who has but keys: the terminal takes all others.
    terminal.attachCustomKeyEventHandler((event) => {
      if (!event.ctrlKey || event.key !== "]") return true;
      document.getElementById("leave-terminal")?.focus();
      return false;
    });
    open.current = { screen, shell };
  };

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new ResizeObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(() => open.current?.screen.fit(), RESIZE_MS);
    });
    observer.observe(element);
    const onPaste = (event: ClipboardEvent) => {
      const text = event.clipboardData?.getData("text") ?? "";
      if (!/[\r\n]/.test(text) && text.length < ASK_FROM_BYTES) return;
      event.preventDefault();
      event.stopPropagation();
      askPaste(text);
    };
    element.addEventListener("paste", onPaste, true);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      element.removeEventListener("paste", onPaste, true);
    };
  }, []);

  return { place, open, stage, paste, askPaste, connect };
}

const linesOf = (text: string): number => text.split(/\r\n|\r|\n/).length;

/** Text of several lines runs as it arrives. */
function Paste({ text, onClose, put }: { text: string; onClose: () => void; put: () => void }) {
  return (
    <Sheet title="Paste this?" onClose={onClose}>
      <p>
        {counted(linesOf(text), "line")}, {sizeOf(text.length)}. Each line runs as it arrives.
      </p>
      <Log label="Text" text={plain(text.slice(0, 2000))} />
      <form method="dialog" class="row">
        <button type="submit" class="button main" onClick={put}>
          Paste
        </button>
        <button type="submit" class="button">
          Leave it
        </button>
      </form>
    </Sheet>
  );
}

/** A shell on the device. What it prints is recorded. */
export function Terminal({ id, of }: { id: string; of: ConsoleDevice }) {
  const { place, open, stage, paste, askPaste, connect } = useTerminal(id);
  const isClosed = stage.at === "closed";
  const type = (text: string) => {
    open.current?.shell.type(encoder.encode(text));
    open.current?.screen.terminal.focus();
  };
  return (
    <>
      <div class="row apart">
        <output class="row">
          {stage.at === "open" ? (
            <>
              <State tone="good">open</State>
              <span class="quiet">
                recorded; <kbd>Ctrl ]</kbd> leaves it by keys
              </span>
            </>
          ) : stage.at === "opening" ? (
            <State tone="busy">opening</State>
          ) : stage.why === undefined ? (
            <span class="quiet">
              {of.connection.connected
                ? "What the shell prints is recorded."
                : "The device is not connected: a shell opens once it is."}
            </span>
          ) : (
            <State tone="warn">{plain(stage.why)}</State>
          )}
        </output>
        {isClosed ? (
          <button
            type="button"
            class="button main"
            disabled={!of.connection.connected && stage.why === undefined}
            onClick={() => void connect()}
          >
            {stage.why === undefined ? "Open a terminal" : "Open another"}
          </button>
        ) : (
          <button type="button" id="leave-terminal" class="button" onClick={() => open.current?.shell.stop()}>
            Disconnect
          </button>
        )}
      </div>
      <section
        ref={place}
        class={`terminal ${isClosed && stage.why === undefined ? "unused" : ""}`}
        aria-label="Shell on the device"
      />
      {stage.at === "open" && (
        <section class="row keys" aria-label="Keys">
          {KEYS.map(([name, text]) => (
            <button key={name} type="button" class="button" onClick={() => type(text)}>
              {name}
            </button>
          ))}
        </section>
      )}
      <OpenSessions id={id} />
      {paste !== undefined && (
        <Paste
          text={paste}
          onClose={() => askPaste(undefined)}
          put={() => open.current?.screen.terminal.paste(paste)}
        />
      )}
    </>
  );
}
