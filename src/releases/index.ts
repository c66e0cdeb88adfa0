export {
  artifactBytesStatement,
  artifactCandidatesStatement,
  demandCandidatesStatement,
} from "./artifact-lookup.ts";
export { anyArtifactStatement } from "./any-store.ts";
export { CANDIDATES_CHANGED, type ArtifactBytes } from "./artifact-store.ts";
export { type ArtifactCandidate } from "./artifact.ts";
export { verifyUpload } from "./direct-upload.ts";
export { writeGeneratedArtifact } from "./generate-job.ts";
export { forgetOldGenerations, removeArtifactObjects } from "./jobs.ts";
export { artifactIdInReach, releasesInReach, tagsOfArtifactStatement } from "./reach-store.ts";
export {
  namesInReach as namesInReachStatement,
  refreshReleases as refreshReleasesStatements,
  releaseByName as releaseStatement,
  releasesInLine as releasesInLineStatement,
} from "./release-store.ts";
export { mountReleases } from "./routes.ts";
