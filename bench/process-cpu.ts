import { readdirSync, readFileSync } from "node:fs";

const TICK_MS = 10;

interface Stat {
  pid: number;
  name: string;
  parent: number;
  cpuMs: number;
}

function statOf(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const [parent = 0, user = 0, system = 0] = [fields[1], fields[11], fields[12]];
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    return { pid: Number(pid), name, parent, cpuMs: (user + system) * TICK_MS };
  } catch {
    return undefined; // it ended meanwhile
  }
}

const processes = (): Stat[] =>
  readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(name) ?? []) : []));

/** A process and those it started; nothing where the system does not tell. */
function treeOf(root: number): Stat[] | undefined {
  try {
    const all = processes();
    const tree = new Set([root]);
    for (let grown = true; grown;) {
      const before = tree.size;
      for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
      grown = tree.size > before;
    }
    return all.filter(({ pid }) => tree.has(pid));
  } catch {
    return undefined;
  }
}

/** CPU time that a process and those it started have used; nothing where the system does not tell. */
export const cpuOfTree = (root: number): number | undefined =>
  treeOf(root)?.reduce((sum, { cpuMs }) => sum + cpuMs, 0);

/** The process below this one that runs the Worker, its databases and objects; nothing where the system does not tell. */
export const runtimeOf = (root: number): number | undefined =>
  treeOf(root)?.find(({ pid, name }) => pid !== root && name === "workerd")?.pid;

/** CPU time that one process has used, in steps of 10 ms; not a number where the system does not tell. */
export const cpuMsOf = (pid: number | undefined): number =>
  pid === undefined ? Number.NaN : (statOf(String(pid))?.cpuMs ?? Number.NaN);
