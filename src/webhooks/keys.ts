import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { seal, unseal } from "../platform/seal.ts";

/** Where a webhook leads and what it signs with, as it is kept under seal. */
export interface Keys {
  /** An address of the web, or of mail. */
  target: string;
  secret: string;
  /** Signs as well, until its time is over. */
  old?: string;
}

export const sealContext = (tenant: TenantId, id: string): string => `webhook/${tenant}/${id}`;

export const sealed = (deps: Deps, tenant: TenantId, id: string, keys: Keys): Promise<string> =>
  seal(deps.keys, JSON.stringify(keys), sealContext(tenant, id));

/** Undefined if no key of the server opens them any more. */
export async function unsealed(
  deps: Deps,
  tenant: TenantId,
  { webhook_id: id, sealed: text }: { webhook_id: string; sealed: string },
): Promise<Keys | undefined> {
  const opened = await unseal(deps.keys, text, sealContext(tenant, id));
  return opened === undefined ? undefined : (JSON.parse(opened) as Keys); // written by `sealed`
}
