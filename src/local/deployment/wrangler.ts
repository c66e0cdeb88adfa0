import { spawn } from "node:child_process";
import { UsageError } from "../flags.ts";
import { projectRoot } from "../data-folder.ts";

export interface Answer {
  code: number;
  /** What it printed, faults included. */
  text: string;
}

/** Asks the platform; tests stand in for it. */
export type Wrangler = (args: readonly string[]) => Promise<Answer>;

/** The pinned wrangler, which asks nothing. What it prints is shown as it comes if `show` is given. */
export const wranglerOf =
  (show: (text: string) => void = () => {}): Wrangler =>
  (args) =>
    new Promise((resolve, reject) => {
      const child = spawn("npx", ["--no-install", "wrangler", ...args], {
        cwd: projectRoot,
        env: { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let text = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          show(part);
        });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 1, text }));
    });

const LAST_LINES = 12;

/** What it printed; its last lines are the reason if it failed. */
export async function must(wrangler: Wrangler, args: readonly string[]): Promise<string> {
  const { code, text } = await wrangler(args);
  if (code === 0) return text;
  const reason = text.trim().split("\n").slice(-LAST_LINES).join("\n");
  throw new UsageError(`wrangler ${args.slice(0, 3).join(" ")} failed:\n${reason}`);
}

/** The JSON that it printed, between whatever else it says. */
export function jsonIn(text: string): unknown {
  const start = text.search(/[[{]/);
  const end = Math.max(text.lastIndexOf("]"), text.lastIndexOf("}"));
  return start < 0 ? undefined : JSON.parse(text.slice(start, end + 1));
}
