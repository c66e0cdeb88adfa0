export { answerBytes, counted, type ByteRequest } from "./answer-bytes.ts";
export { cut, type Segment } from "./layout.ts";
export { binaryBody, conditionHeaders, linkQuery, refuseBadParameters, refuseLink } from "./link-routes.ts";
export {
  DOWNLOAD_QUERY,
  downloadLink,
  recipientOf,
  signedLink,
  verifyLink,
  type Recipient,
  type UserRecipient,
} from "./links.ts";
export {
  giveUpObjects,
  HEARTBEAT_MS,
  isUnknownMultipart,
  ObjectUpload,
  removeDoomedObjects,
  sweepUploads,
  type StoredObject,
} from "./objects.ts";
export { PayloadRegion } from "./payload-region.ts";
export { overQuota, roomIn, storageQuota, type Quota } from "./quota.ts";
export { readObject } from "./read-object.ts";
export { completeUpload, leaseSealed, rejectUpload, type LeasedUpload } from "./seal.ts";
export {
  aloneArrangement,
  arrangedKeys,
  arrangementStatements,
  shareObject,
  type Arrangement,
} from "./sharing.ts";
export { doomObjects, freeUsage, isObjectGone, isOverQuota, keepObject } from "./store.ts";
export { streamChunks } from "./chunks.ts";
export { linkToUpload, openUpload, showUpload, type UploadLink, type UploadStatus } from "./uploads.ts";
export { finishUpload } from "./upload-store.ts";
export { sweepDeadUploads, sweepOrphanObjects } from "./jobs.ts";
export { multipartBoundary } from "./multipart-header.ts";
export { MultipartFault, readMultipart, type MultipartPart } from "./multipart.ts";
export { mountStorage } from "./routes.ts";
export { UploadStatusSchema } from "./upload-routes.ts";
export { UPLOAD_SEALED } from "./events.ts";
export { storageUsageTable } from "./tables.ts";
