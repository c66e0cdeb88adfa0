import { spawn, type ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { basename } from "node:path";

// Waits for the end of its input, which comes however the writer ends.
const WATCH = 'cat >/dev/null; kill -9 "$1"';

function guard(runtime: ChildProcess): void {
  if (runtime.pid === undefined) return;
  const watcher = spawn("sh", ["-c", WATCH, "sh", String(runtime.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watcher.on("error", () => {}); // without a shell the runtime is on its own, as it is by default
  watcher.unref();
  runtime.once("exit", () => watcher.kill("SIGKILL"));
}

const isRuntime = (child: ChildProcess) => /^workerd(\.exe)?$/.test(basename(child.spawnfile));

/**
 * From now on no runtime process outlives this one: left behind by `kill -9` it would keep serving, and keep the
 * port. Returns a function that ends the watch for new ones.
 */
export function guardRuntime(): () => void {
  const onChild = (message: unknown): void => {
    const { process: child } = message as { process: ChildProcess }; // documented shape of this channel
    child.once("spawn", () => {
      if (isRuntime(child)) guard(child);
    });
  };
  subscribe("child_process", onChild);
  return () => unsubscribe("child_process", onChild);
}
