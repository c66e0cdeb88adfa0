import type { Admin } from "./setup.ts";

export interface Ready {
  url: string;
  httpsUrl: string;
  /** The HTTPS address for other machines, if they can reach this one. */
  outwardUrl: string | undefined;
  caFile: string;
  dataFolder: string;
  admin: Admin;
  adminIsNew: boolean;
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
    adminEmail: ready.admin.email,
    ...(ready.adminIsNew ? { adminPassword: ready.admin.password } : {}),
    tenantToken: ready.tenantToken,
    operatorToken: ready.operatorToken,
  });

/** For people: one screen. */
export function readyScreen(ready: Ready): string {
  const password = ready.adminIsNew
    ? `${ready.admin.password}   (shown this once)`
    : "as set before; npm run admin -- set-password makes a new one";
  const outward = ready.outwardUrl ? [`                 ${ready.outwardUrl}   (from other machines)`] : [];
  return [
    "",
    `Edgemend is ready after ${ready.seconds.toFixed(1)} s.`,
    "",
    `  API            ${ready.url}   (described at ${ready.url}/api/docs)`,
    `  Devices        ${ready.httpsUrl}`,
    ...outward,
    `  Login          ${ready.admin.email}`,
    `  Password       ${password}`,
    `  Tenant token   ${ready.tenantToken}`,
    `  Data           ${ready.dataFolder}`,
    "",
    "A device trusts this server once it has the file",
    `  ${ready.caFile}`,
    "as /usr/local/share/ca-certificates/edgemend.crt and has run update-ca-certificates,",
    'or anywhere, named by "ServerCertificate" in its mender.conf.',
    "",
    "Next, in another terminal:   npm run demo",
    "Stop with Ctrl-C.",
    "",
    "",
  ].join("\n");
}
