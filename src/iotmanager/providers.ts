import type { Deps } from "../platform/deps.ts";
import { coreOf } from "./aws.ts";
import { hubOf } from "./azure.ts";
import type { Cloud } from "./cloud.ts";
import type { Credentials } from "./credentials.ts";

/** The cloud behind credentials that are no webhook's. */
export const cloudOf = (deps: Deps, credentials: Exclude<Credentials, { type: "http" }>): Cloud =>
  credentials.type === "sas" ? hubOf(deps, credentials) : coreOf(deps, credentials);
