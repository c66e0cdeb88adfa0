const LOOK_EVERY_MS = 200;

/** The npm that started this process and passes signals on to it; undefined if it was started directly. */
export const npmPid = (): number | undefined =>
  process.env.npm_lifecycle_event === "start" ? process.ppid : undefined;

/** Calls back once npm is gone without having passed anything on, which only `kill -9` can do. */
export function onNpmGone(callBack: () => void): void {
  const npm = npmPid();
  if (npm === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    callBack();
  }, LOOK_EVERY_MS);
  timer.unref();
}
