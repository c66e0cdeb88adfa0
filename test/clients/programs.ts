import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Program → the Debian package that has it. */
const NEEDED: Record<string, string> = {
  mender: "mender-client",
  "mender-cli": "mender-cli",
  "mender-artifact": "mender-artifact",
  unshare: "util-linux",
  mount: "mount",
};

/** What some scenarios need besides. */
const NEEDED_BESIDES = {
  "remote access": { "mender-connect": "mender-connect", "dbus-daemon": "dbus-daemon", script: "bsdutils" },
  configuration: { "dbus-daemon": "dbus-daemon", "dbus-send": "dbus-bin", curl: "curl" },
} satisfies Record<string, Record<string, string>>;

export type Feature = keyof typeof NEEDED_BESIDES;

export const FEATURES = Object.keys(NEEDED_BESIDES) as Feature[];

/** The device agent reads scripts and modules from fixed folders, so each device has its own view of those. */
export const OWN_MOUNTS =
  process.getuid?.() === 0 ? ["unshare", "--mount"] : ["unshare", "--map-root-user", "--mount"];

const isInstalled = (program: string) =>
  `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Names the programs that are not installed and how to get them. */
function absent(needed: Record<string, string>): string[] {
  const missing = Object.keys(needed).filter((program) => !isInstalled(program));
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.map((program) => needed[program]))].join(" ");
  return [
    `These programs are not installed: ${missing.join(", ")}`,
    `On Debian: apt-get install --no-install-recommends ${packages}`,
  ];
}

/** What keeps the tests from running on this machine, one line each. */
export function whatIsMissing(): string[] {
  const missing = absent(NEEDED);
  if (missing.length > 0) return missing;
  const [program, ...flags] = OWN_MOUNTS;
  const tried = spawnSync(program!, [...flags, "true"], { encoding: "utf8" });
  if (tried.status === 0) return [];
  return [`"${OWN_MOUNTS.join(" ")}" is refused here (run as root): ${tried.stderr.trim()}`];
}

/** What keeps only the scenarios of a feature from running. */
export function whatIsMissingFor(feature: Feature): string[] {
  const missing = absent(NEEDED_BESIDES[feature]);
  if (missing.length > 0 || process.getuid?.() === 0) return missing;
  return ["the device agent offers the device's token to root's programs only, so it must run as root"];
}
