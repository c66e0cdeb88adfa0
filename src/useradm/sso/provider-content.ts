import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { NotFetched } from "../../platform/outgoing-request.ts";
import type { Provider } from "./provider-store.ts";

/** What a document makes of a provider. */
export type Content = Pick<
  Provider,
  "kind" | "document" | "clientSecret" | "issuer" | "details" | "validUntilMs" | "fetchedMs"
>;

/** Of documents and of what is fetched, in bytes. */
export const MAX_DOCUMENT = 256 * 1024;

/** What is fetched because a user named its address; why it is not there is told. */
export async function fetched<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof NotFetched)
      throw new Fault("bad_request", `the provider cannot be read: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Our addresses for a provider. */
export function addressesOf({ origin }: Deps, { id }: Pick<Provider, "id">) {
  const base = `${origin}/api/management/v1/useradm`;
  return {
    entityId: `${base}/sso/sp/metadata/${id}`,
    acs: `${base}/auth/sso/${id}/acs`,
    samlStart: `${base}/auth/sso/${id}/login`,
    oidcStart: `${base}/oidc/${id}/start`,
    oidcCallback: `${base}/oidc/${id}/login`,
  };
}
