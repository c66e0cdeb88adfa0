import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { seal, unseal } from "../platform/seal.ts";
import type { Credentials } from "./credentials.ts";
import type { IntegrationRow } from "./store.ts";

export const sealContext = (tenant: TenantId, integration: string): string =>
  `integration/${tenant}/${integration}`;

export const sealed = (deps: Deps, tenant: TenantId, id: string, credentials: Credentials): Promise<string> =>
  seal(deps.keys, JSON.stringify(credentials), sealContext(tenant, id));

/** The credentials of an integration; undefined if no key of the server opens them any more. */
export async function unsealed(
  deps: Deps,
  tenant: TenantId,
  { integration_id: id, credentials }: Pick<IntegrationRow, "integration_id" | "credentials">,
): Promise<Credentials | undefined> {
  const text = await unseal(deps.keys, credentials, sealContext(tenant, id));
  return text === undefined ? undefined : (JSON.parse(text) as Credentials); // written by `sealed`
}
