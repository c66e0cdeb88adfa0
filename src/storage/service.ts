export { downloadLink, signedLink, verifyLink } from "./links.ts";
export {
  giveUpObjects,
  ObjectUpload,
  removeDoomedObjects,
  sweepUploads,
  type StoredObject,
} from "./objects.ts";
export { overQuota, roomIn, storageQuota, type Quota } from "./quota.ts";
export {
  aloneArrangement,
  arrangedKeys,
  arrangementStatements,
  shareObject,
  type Arrangement,
} from "./sharing.ts";
export { doomObjects, freeUsage, isObjectGone, isOverQuota, keepObject } from "./store.ts";
export { streamChunks } from "./chunks.ts";
