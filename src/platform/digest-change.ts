import type { TenantId } from "./ids.ts";

/**
 * A change that devices of a tenant must notice at their next check, told to the tenant's head before the change is
 * answered.
 */
export interface DigestChange {
  tenant: TenantId;
  what:
    | { kind: "revoked"; /** Id of an authentication set, or of a device for all of its sets. */ key: string }
    /** A device may have work again. */
    | { kind: "work"; device: string }
    /** The tenant's status or its deployments changed: the head reads them again. */
    | { kind: "standing" }
    /** Everything is another than it was: nothing that is known holds any more. */
    | { kind: "anew" }
    /** What deployments choose devices by may be something else; without devices that of any. */
    | { kind: "moved"; devices?: readonly string[] | undefined }
    /** There is a place again for those who wait for it by this name. */
    | { kind: "room"; room: string }
    /** An event that somebody may follow; of no concern to devices. */
    | { kind: "told" };
}
