import { overlay } from "../../keys.ts";
import { Help } from "./help.tsx";
import { Palette } from "./palette.tsx";

/** Browsers tell late that a dialog is closed: another may be there by then. */
const close = (which: "palette" | "help") => (): void => {
  if (overlay.value === which) overlay.value = undefined;
};

/** What keys bring over any page. */
export const Overlay = ({ which }: { which: "palette" | "help" }) =>
  which === "help" ? <Help onClose={close(which)} /> : <Palette onClose={close(which)} />;
