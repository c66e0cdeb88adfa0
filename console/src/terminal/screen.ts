import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { withAdoptedStyles } from "./adopted-styles.ts";
import type { Size } from "./size.ts";

/** Dark by day and night, as what programs print is made for. */
const THEME = {
  background: "#0d1013",
  foreground: "#e4eaec",
  cursor: "#6fd6c2",
  selectionBackground: "#2f5f58",
};

const SCROLLBACK = 5000;
const FONT = 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace';

/** What a shell prints, and where one types. Titles, the clipboard and links that programs ask for are left alone. */
export interface Screen {
  terminal: Terminal;
  /** Makes as many letters as there is place for. */
  fit: () => Size;
  close: () => void;
}

export function openScreen(place: HTMLElement, fixed?: Size): Screen {
  const terminal = new Terminal({
    theme: THEME,
    fontFamily: FONT,
    fontSize: 13,
    scrollback: SCROLLBACK,
    screenReaderMode: true,
    // A recording has nobody who types.
    disableStdin: fixed !== undefined,
    linkHandler: null,
    ...fixed,
  });
  const fitter = new FitAddon();
  terminal.loadAddon(fitter);
  withAdoptedStyles(() => terminal.open(place));
  if (terminal.textarea) terminal.textarea.setAttribute("aria-label", "Terminal");
  return {
    terminal,
    fit: () => {
      if (!fixed) fitter.fit();
      return { cols: terminal.cols, rows: terminal.rows };
    },
    close: () => terminal.dispose(),
  };
}
