import { DEVICE_TYPE, FIRST_RELEASE, reportOf } from "../fleet/device.ts";
import type { Members } from "../fleet/members.ts";
import { bearer, withJson } from "./workload.ts";

/** The requests of a device as the published clients send them. */
const DEPLOYMENTS = "/api/devices/v1/deployments/device/deployments";
const NEXT = "/api/devices/v2/deployments/device/deployments/next";
const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const AUTH_REQUESTS = "/api/devices/v1/authentication/auth_requests";

export const updateCheck = (token: string, release = FIRST_RELEASE): string =>
  withJson(
    "POST",
    NEXT,
    bearer(token),
    JSON.stringify({
      device_provides: { artifact_name: release, device_type: DEVICE_TYPE, "rootfs-image.version": release },
      update_control_map: false,
    }),
  );

export const inventory = (token: string, ...report: Parameters<typeof reportOf>): string =>
  withJson("PUT", INVENTORY, bearer(token), JSON.stringify(reportOf(...report)));

export const statusReport = (token: string, deployment: string, status: string): string =>
  withJson("PUT", `${DEPLOYMENTS}/${deployment}/status`, bearer(token), JSON.stringify({ status }));

export function authentication(members: Members, index: number): string {
  const { body, signature } = members.authRequest(index);
  return withJson("POST", AUTH_REQUESTS, `X-MEN-Signature: ${signature}\r\n`, body);
}
