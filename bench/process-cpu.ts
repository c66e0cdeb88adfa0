import { readdirSync, readFileSync } from "node:fs";

const TICK_MS = 10;

interface Stat {
  pid: number;
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
    return { pid: Number(pid), parent, cpuMs: (user + system) * TICK_MS };
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** CPU time that a process and those it started have used; nothing where the system does not tell. */
export function cpuOfTree(root: number): number | undefined {
  try {
    const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(name) ?? []) : []));
    const tree = new Set([root]);
    for (let grown = true; grown;) {
      const before = tree.size;
      for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
      grown = tree.size > before;
    }
    return all.filter(({ pid }) => tree.has(pid)).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  } catch {
    return undefined;
  }
}
