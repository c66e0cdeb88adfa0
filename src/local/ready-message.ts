import { npmCommand } from "./command.ts";
import type { Admin } from "./setup.ts";

export interface Ready {
  url: string;
  httpsUrl: string;
  /** The HTTPS address for other machines, if they can reach this one. */
  outwardUrl: string | undefined;
  caFile: string;
  dataFolder: string;
  /** Where mails go that a deployed server would send. */
  mailFolder: string;
  /** What other commands have to say to find this server; nothing for the default folder. */
  dataFlag: string[];
  /** The first admin; undefined if its name is not known here. */
  admin: Admin | undefined;
  adminIsNew: boolean;
  /** `--admin` was given to a folder that has users. */
  adminIgnored: boolean;
  tenantToken: string;
  operatorToken: string;
  seconds: number;
}

/** For scripts: one line. */
export const readyJson = (ready: Ready): string =>
  JSON.stringify({
    url: ready.url,
    httpsUrl: ready.httpsUrl,
    caFile: ready.caFile,
    mailFolder: ready.mailFolder,
    ...(ready.admin && { adminEmail: ready.admin.email }),
    ...(ready.admin && ready.adminIsNew && { adminPassword: ready.admin.password }),
    tenantToken: ready.tenantToken,
    operatorToken: ready.operatorToken,
  });

/** Why there is no user as `--admin` asked for; undefined if there is, or none was asked for. */
export const adminNotice = (ready: Ready): string | undefined =>
  ready.adminIgnored
    ? `--admin is for a new data folder, and ${ready.dataFolder} has its users: ${npmCommand("admin", ...ready.dataFlag, "create-user")} makes one more`
    : undefined;

function passwordLine({ admin, adminIsNew, dataFlag }: Ready): string {
  if (admin && adminIsNew) return `${admin.password}   (shown this once)`;
  return `as set before; ${npmCommand("admin", ...dataFlag, "set-password")} makes a new one`;
}

function loginLine({ admin, dataFlag }: Ready): string {
  return admin?.email ?? `as made before; ${npmCommand("admin", ...dataFlag, "list-users")} lists them`;
}

/** For people: one screen. */
export function readyScreen(ready: Ready): string {
  const outward = ready.outwardUrl ? [`                 ${ready.outwardUrl}   (from other machines)`] : [];
  return [
    "",
    `Edgemend is ready after ${ready.seconds.toFixed(1)} s.`,
    "",
    `  Console        ${ready.url}`,
    `  API            ${ready.url}/api   (described at ${ready.url}/api/docs)`,
    `  Devices        ${ready.httpsUrl}`,
    ...outward,
    `  Login          ${loginLine(ready)}`,
    `  Password       ${passwordLine(ready)}`,
    `  Tenant token   ${ready.tenantToken}`,
    `  Data           ${ready.dataFolder}`,
    `  Mails          ${ready.mailFolder}   (${npmCommand("admin", ...ready.dataFlag, "mail")} lists them)`,
    "",
    "A device trusts this server once it has the file",
    `  ${ready.caFile}`,
    "as /usr/local/share/ca-certificates/edgemend.crt and has run update-ca-certificates,",
    'or anywhere, named by "ServerCertificate" in its mender.conf.',
    "",
    `Next, in another terminal:   ${npmCommand("demo", ...ready.dataFlag)}`,
    "Stop with Ctrl-C.",
    "",
    "",
  ].join("\n");
}
