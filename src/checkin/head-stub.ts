import type { TenantId } from "../platform/ids.ts";
import type { HeadRpc } from "./head-rpc.ts";

export type Heads = DurableObjectNamespace;

export const headOf = (heads: Heads, tenant: TenantId): DurableObjectStub<HeadRpc> =>
  heads.get(heads.idFromName(tenant)) as DurableObjectStub<HeadRpc>; // the class behind the binding implements it

/** A head answers within milliseconds; whoever waits longer than this goes on without it. */
const PATIENCE_MS = 2000;

/** The result of a call of a head, or a rejection if it does not come in time. */
export async function inTime<T>(call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the tenant's head did not answer in time")), PATIENCE_MS);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
