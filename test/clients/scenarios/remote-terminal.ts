import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { COLUMNS, ROWS } from "../terminal.ts";

export const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A command in a terminal, its output, the device's limit of one shell for each user, and the recording of it all. */
export async function remoteTerminal(bench: Bench): Promise<void> {
  const { operator } = bench;
  const { id } = await bench.reachable({ name: "terminal-device", deviceType: "terminal-board" });

  const terminal = await bench.shell(id);
  await terminal.run("stty size", new RegExp(`${ROWS} ${COLUMNS}\r`));
  await terminal.run("echo answer=$((6 * 7)) $(id -un)", /answer=42 nobody\r/);
  await terminal.prompt();
  const [session] = await operator.liveSessions(id);
  assert.ok(session);

  const second = await bench.terminal(id).over();
  assert.match(second.shown, /user has too many open sessions/);
  assert.notEqual(second.code, 0);

  const bye = await terminal.run("exit", /logout/).then(() => terminal.over());
  assert.equal(bye.code, 0);
  assert.deepEqual(await operator.liveSessions(id), []);

  const [header, ...events] = await operator.recording(session.session_id);
  assert.deepEqual([header.width, header.height], [COLUMNS, ROWS]);
  const shown = events.map(([, kind, text]) => (kind === "o" ? text : "")).join("");
  assert.match(shown, /answer=42 nobody\r/);
  assert.match(shown, /logout/);
}

/** The user's program dies without a word: the shell goes, and the user can open another at once. */
export async function vanishedUser(bench: Bench): Promise<void> {
  const { id } = await bench.reachable({ name: "left-device", deviceType: "left-board" });
  const killed = await bench.shell(id);
  const first = Number((await killed.run("echo shell=$$", /shell=(\d+)\r/))[1]);
  assert.ok(isRunning(first));
  killed.vanish();
  await killed.over();

  await bench.shell(id);
  assert.ok(!isRunning(first), "the first shell is gone");
}
