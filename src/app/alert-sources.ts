import { failingDeployments } from "../deployments/index.ts";
import { devicesApart } from "../deviceconfig/index.ts";
import { limitsNear, type TroubleSources } from "../devicemonitor/index.ts";
import { failingReceivers } from "../events/index.ts";
import { endingCertificates, endingTokens } from "../useradm/index.ts";

/** Where the server looks for trouble; each domain knows of its own. */
export const ALERT_SOURCES: TroubleSources = {
  configuration: [devicesApart],
  deployment: [failingDeployments],
  limit: [limitsNear],
  expiry: [endingTokens, endingCertificates],
  receiver: [failingReceivers],
};
