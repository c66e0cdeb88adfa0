/** A deployment as the object of an audit entry. */
export const auditedDeployment = (id: string, of: { name: string; artifact_name: string }) => ({
  type: "deployment",
  id,
  detail: { deployment: { name: of.name, artifact_name: of.artifact_name } },
});
