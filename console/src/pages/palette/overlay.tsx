import { overlay } from "../../keys.ts";
import { Help } from "./help.tsx";
import { Palette } from "./palette.tsx";

const close = (): void => {
  overlay.value = undefined;
};

/** What keys bring over any page. */
export const Overlay = ({ which }: { which: "palette" | "help" }) =>
  which === "help" ? <Help onClose={close} /> : <Palette onClose={close} />;
