import { render } from "preact";
import { loadBoot } from "./api/session.ts";
import { Problem } from "./parts/problem.tsx";
import { preload } from "./routes.tsx";
import { Shell } from "./shell.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";

const place = document.getElementById("app");
if (!place) throw new Error("the page has no place for the console");

/** An address that no page can read is none of ours. */
try {
  decodeURIComponent(location.pathname);
} catch {
  history.replaceState(null, "", "/no-such-page");
}

// While it is asked who is signed in.
preload(location.pathname);

const begin = async (): Promise<void> => {
  try {
    await loadBoot();
    render(<Shell />, place);
  } catch (error) {
    render(<Problem error={error} again={() => void begin()} />, place);
  }
};

void begin();
