// Made from the server's document by `npm run console:types`; not to be changed by hand.
export interface paths {
  "/api/management/v1/deployments/artifacts/directupload/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["UploadStatus"]) & ({ uri: string }) } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/artifacts/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["Artifact"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/rollouts/templates/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/trusted-keys/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconnect/devices/{id}/sessions/{session_id}": {
    delete: { parameters: { path: { id: string; session_id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/mutes/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/rules/{kind}": {
    delete: { parameters: { query?: { group?: string }; path: { kind: "silent" | "configuration" | "deployment" | "limit" | "expiry" | "receiver" | "device" } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: { query?: { group?: string }; path: { kind: "silent" | "configuration" | "deployment" | "limit" | "expiry" | "receiver" | "device" } }; requestBody: { content: { "application/json": components["schemas"]["NewAlertRule"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/iot-manager/integrations/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/settings/scim/tokens/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/settings/tokens/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/sso/idp/metadata/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/samlmetadata+xml": string; "application/json": Record<string, never> } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/samlmetadata+xml": string; "application/json": { name: string; client_id?: string; client_secret?: string; well_known_url?: string; settings?: Record<string, unknown> } } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 413: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["UserUpdate"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/{id}/passkeys/{passkey}": {
    delete: { parameters: { path: { id: string; passkey: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/{id}/sessions": {
    delete: { parameters: { query?: { keep_current?: "true" | "false" }; path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["Session"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/{id}/sessions/{session}": {
    delete: { parameters: { path: { id: string; session: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/webhooks/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["Webhook"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["ChangedWebhook"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/devauth/admission/rules/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/devauth/devices/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["Device"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/devauth/devices/{id}/auth/{aid}": {
    delete: { parameters: { path: { id: string; aid: string } }; responses: { 204: { content: never }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/inventory/filters/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/tenantadm/tenants/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 405: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/useradm/roles/{id}": {
    delete: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/auditlogs/logs": {
    get: { parameters: { query?: { page?: number; per_page?: number; created_after?: number; created_before?: number; actor_id?: string; actor_type?: string; actor_email?: string; object_id?: string; object_type?: string; object_deployment_name?: string; extended?: "true" | "false"; sort?: "asc" | "desc" } }; responses: { 200: { content: { "application/json": (components["schemas"]["AuditLog"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/attributes/values": {
    get: { parameters: { query: { scope: "system" | "identity" | "inventory" | "monitor" | "tags"; name: string; prefix?: string } }; responses: { 200: { content: { "application/json": (string)[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/boot": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["ConsoleBoot"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/devices/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["ConsoleDevice"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/home": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["ConsoleHome"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/releases/adoption": {
    get: { parameters: { query?: { name?: (string)[] } }; responses: { 200: { content: { "application/json": components["schemas"]["ReleaseAdoptions"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/releases/{release_name}/adoption": {
    get: { parameters: { path: { release_name: string } }; responses: { 200: { content: { "application/json": components["schemas"]["ReleaseAdoption"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/artifacts/generate/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["ArtifactGeneration"] } }; 202: { content: { "application/json": components["schemas"]["ArtifactGeneration"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/artifacts/{id}/download": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { uri: string; expire: string; method: "GET" } } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/devices/{id}": {
    get: { parameters: { query?: { status?: string | (string)[]; page?: number; per_page?: number }; path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["DeviceDeployment"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["Deployment"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/devices/list": {
    get: { parameters: { query?: { status?: string | (string)[]; page?: number; per_page?: number }; path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["DeviceWithImage"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/devices/{device}/explain": {
    get: { parameters: { path: { id: string; device: string } }; responses: { 200: { content: { "application/json": components["schemas"]["Explanation"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/devices/{device}/log": {
    get: { parameters: { path: { id: string; device: string } }; responses: { 200: { content: { "text/plain": string } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/failures": {
    get: { parameters: { query?: { page?: number; per_page?: number }; path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["FailureGroup"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/progress": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["DeploymentProgress"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/waiting": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["DeploymentWaiting"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/limits/storage": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["StorageLimit"] } } } };
  };
  "/api/management/v1/deployments/rollouts/templates": {
    get: { parameters: { query?: { page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["DeploymentTemplate"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewDeploymentTemplate"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/trusted-keys": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["TrustedKey"])[] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": { name: string; public_key: string } } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconfig/configurations/device/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["DeviceConfiguration"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["Configuration"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 413: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconfig/configurations/device/{id}/effective": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["EffectiveConfiguration"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconnect/devices/{id}/sessions": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["LiveSession"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconnect/sessions": {
    get: { parameters: { query?: { page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["RemoteSession"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/alerts": {
    get: { parameters: { query?: { cursor?: string; limit?: number; source?: "device" | "server"; device?: string; group?: string; subject?: string; acknowledged?: "true" | "false"; muted?: "true" | "false" } }; responses: { 200: { content: { "application/json": { alerts: (components["schemas"]["OpenAlert"])[]; cursor?: string } } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/devices/{id}/alerts": {
    get: { parameters: { query?: { page?: number; per_page?: number; issued_before?: string; issued_after?: string; sort_ascending?: "true" | "false" }; path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["KeptAlert"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/mutes": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["Mute"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": { device_id?: string; group?: string; subject?: string; until?: string; reason?: string } } }; responses: { 201: { content: { "application/json": components["schemas"]["Mute"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/rules": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["AlertRule"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/settings/me/channel/alerts/{name}/status": {
    get: { parameters: { path: { name: string } }; responses: { 200: { content: { "application/json": components["schemas"]["ChannelStatus"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: { path: { name: string } }; requestBody: { content: { "application/json": components["schemas"]["ChannelStatus"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/inventory/devices/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["InventoryDevice"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/inventory/groups": {
    get: { parameters: { query?: { status?: string } }; responses: { 200: { content: { "application/json": (string)[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/inventory/presence": {
    get: { parameters: { query: { id: (string)[] } }; responses: { 200: { content: { "application/json": (components["schemas"]["Presence"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/iot-manager/events": {
    get: { parameters: { query?: { page?: number; per_page?: number; integration_id?: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["IntegrationEvent"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/iot-manager/integrations": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["Integration"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewIntegration"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/tenantadm/user/tenant": {
    get: { parameters: { query?: { tiers?: boolean } }; responses: { 200: { content: { "application/json": components["schemas"]["Tenant"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/usage/days": {
    get: { parameters: { query?: { page?: number; per_page?: number; from?: string; to?: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["UsageDay"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/2faqr": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": { qr: string } } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/limits": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["UserLimits"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/settings/scim/tokens": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["ScimToken"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewScimToken"] } }; responses: { 201: { content: { "application/json": components["schemas"]["MadeScimToken"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/settings/sign-in": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["SignInRules"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["SignInRules"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/settings/tokens": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["PersonalAccessToken"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewPersonalAccessToken"] } }; responses: { 200: { content: { "application/jwt": string } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/sso/idp/metadata": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["IdentityProvider"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/samlmetadata+xml": string; "application/json": { name: string; client_id?: string; client_secret?: string; well_known_url?: string; settings?: Record<string, unknown> } } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 413: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/sso/idp/metadata/{id}/mapping": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["IdentityProviderMapping"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["IdentityProviderMapping"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/sso/rules": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["ForcedSingleSignOn"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["ForcedSingleSignOn"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users": {
    get: { parameters: { query?: { id?: (string)[]; email?: (string)[]; created_after?: number; created_before?: number; updated_after?: number; updated_before?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["User"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewUser"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/me": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["OwnUser"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    put: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["UserUpdate"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/me/2fa/recovery-codes": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["RecoveryCodesLeft"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["FactorCode"] } }; responses: { 201: { content: { "application/json": components["schemas"]["RecoveryCodes"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/tenants/{id}/token": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/jwt": string } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/{id}/passkeys": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": (components["schemas"]["Passkey"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/webhooks": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["Webhook"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewWebhook"] } }; responses: { 201: { content: { "application/json": components["schemas"]["MadeWebhook"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/webhooks/{id}/deliveries": {
    get: { parameters: { query?: { cursor?: string; failed?: "true" | "false" }; path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["WebhookDeliveryList"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/deployments/deployments": {
    get: { parameters: { query?: { status?: string | (string)[]; type?: string | (string)[]; created_before?: string | (string)[]; created_after?: string | (string)[]; sort?: string | (string)[]; id?: string | (string)[]; name?: string | (string)[]; id_attribute?: string | (string)[]; id_scope?: string | (string)[]; page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["Deployment"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: { header?: { "idempotency-key"?: string } }; requestBody: { content: { "application/json": components["schemas"]["NewDynamicDeployment"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/deployments/deployments/releases": {
    get: { parameters: { query?: { name?: string; tag?: (string)[]; update_type?: string; sort?: "name:asc" | "name:desc" | "modified:asc" | "modified:desc" | "artifacts_count:asc" | "artifacts_count:desc" | "tags:asc" | "tags:desc"; page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["Release"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/deployments/deployments/releases/{release_name}": {
    get: { parameters: { path: { release_name: string } }; responses: { 200: { content: { "application/json": components["schemas"]["Release"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
    patch: { parameters: { path: { release_name: string } }; requestBody: { content: { "application/json": { notes?: string } } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/devauth/admission/rules": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["AutoAcceptRule"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewAutoAcceptRule"] } }; responses: { 201: { content: { "application/json": components["schemas"]["MadeAutoAcceptRule"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/devauth/devices": {
    get: { parameters: { query?: { status?: ("accepted" | "noauth" | "pending" | "preauthorized" | "rejected")[]; id?: (string)[]; page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["Device"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["Preauthorization"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Device"] } } } };
  };
  "/api/management/v2/inventory/filters": {
    get: { parameters: { query?: { page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["Filter"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["FilterDefinition"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/inventory/filters/attributes": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": (components["schemas"]["FilterAttribute"])[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/tenantadm/tenants": {
    get: { parameters: { query?: { page?: number; per_page?: number; tiers?: boolean } }; responses: { 200: { content: { "application/json": (components["schemas"]["Tenant"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewChildTenant"] } }; responses: { 202: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/useradm/permission_sets": {
    get: { parameters: { query?: { page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["PermissionSetObject"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/useradm/roles": {
    get: { parameters: { query?: { page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["RoleObject"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["Role"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/inventory/groups/{name}/devices": {
    patch: { parameters: { path: { name: string } }; requestBody: { content: { "application/json": (string)[] } }; responses: { 200: { content: { "application/json": components["schemas"]["ChangeCounts"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/session": {
    post: { parameters: {}; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/artifacts/directupload": {
    post: { parameters: {}; requestBody?: { content: { "application/json": { description?: string; size?: number } } }; responses: { 200: { content: { "application/json": components["schemas"]["ArtifactUploadLink"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 413: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/artifacts/directupload/{id}/complete": {
    post: { parameters: { path: { id: string } }; responses: { 202: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments": {
    post: { parameters: { header?: { "idempotency-key"?: string } }; requestBody: { content: { "application/json": components["schemas"]["NewDeployment"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/group/{name}": {
    post: { parameters: { path: { name: string }; header?: { "idempotency-key"?: string } }; requestBody: { content: { "application/json": components["schemas"]["NewDeploymentForGroup"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/statistics/list": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["DeploymentsStatisticsQuery"] } }; responses: { 200: { content: { "application/json": ({ id: string; stats: components["schemas"]["Statistics"] })[] | Record<string, never> } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/approve": {
    post: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/pause": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["PauseDeployment"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/resume": {
    post: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/retry": {
    post: { parameters: { path: { id: string } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/revert": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["RevertDeployment"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/widen": {
    post: { parameters: { path: { id: string } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/rollouts/templates/{id}/deploy": {
    post: { parameters: { path: { id: string }; header?: { "idempotency-key"?: string } }; requestBody: { content: { "application/json": components["schemas"]["DeploymentTemplateUse"] } }; responses: { 201: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconfig/configurations/device/{id}/deploy": {
    post: { parameters: { path: { id: string } }; requestBody?: { content: { "application/json": { retries?: number; update_control_map?: Record<string, unknown> } } }; responses: { 200: { content: { "application/json": { deployment_id: string } } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconnect/devices/{id}/check-update": {
    post: { parameters: { path: { id: string } }; responses: { 202: { content: { "application/json": null } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deviceconnect/devices/{id}/send-inventory": {
    post: { parameters: { path: { id: string } }; responses: { 202: { content: { "application/json": null } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/alerts/acknowledge": {
    post: { parameters: {}; requestBody: { content: { "application/json": { ids: (string)[]; acknowledged?: boolean; note?: string } } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/devicemonitor/settings/me/channel/alerts/{name}/test": {
    post: { parameters: { path: { name: string } }; responses: { 200: { content: { "application/json": components["schemas"]["ChannelTest"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/reporting/devices/aggregate": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["ReportAggregation"] } }; responses: { 200: { content: { "application/json": components["schemas"]["ReportBuckets"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/login": {
    post: { parameters: {}; requestBody?: { content: { "application/json": { no_expiry?: boolean | null; token2fa?: string | null; passkey?: components["schemas"]["PasskeyAssertion"] } } }; responses: { 200: { content: { "application/jwt": string; "application/json": components["schemas"]["SignInProvider"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/logout": {
    post: { parameters: {}; responses: { 202: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/passkey/login": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["PasskeyLogin"] } }; responses: { 200: { content: { "application/jwt": string } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/passkey/options": {
    post: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["PasskeyOptions"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/verify-email/start": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["Address"] } }; responses: { 202: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/me/passkeys": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["NewPasskey"] } }; responses: { 201: { content: { "application/json": components["schemas"]["Passkey"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/me/passkeys/options": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["PasskeyOptionsRequest"] } }; responses: { 200: { content: { "application/json": components["schemas"]["PasskeyOptions"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/{id}/2fa/disable": {
    post: { parameters: { path: { id: string } }; responses: { 200: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/{id}/2fa/enable": {
    post: { parameters: { path: { id: string } }; responses: { 200: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/webhooks/{id}/deliveries/{sequence}/again": {
    post: { parameters: { path: { id: string; sequence: string } }; responses: { 202: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/webhooks/{id}/secret": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["WebhookRotation"] } }; responses: { 200: { content: { "application/json": { secret: string } } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/webhooks/{id}/test": {
    post: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["WebhookTest"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/deployments/deployments/preview": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["DeploymentPreviewRequest"] } }; responses: { 200: { content: { "application/json": components["schemas"]["DeploymentPreview"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/devauth/bulk/status": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["BulkStatus"] } }; responses: { 200: { content: { "application/json": components["schemas"]["BulkResults"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/inventory/filters/search": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["SearchParams"] } }; responses: { 200: { content: { "application/json": (components["schemas"]["InventoryDevice"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/tenantadm/tenants/{id}/cancel": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["TenantCancelRequest"] } }; responses: { 202: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/status": {
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["NewDeploymentStatus"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/inventory/devices/{id}/tags": {
    put: { parameters: { path: { id: string }; header?: { "if-match"?: string } }; requestBody: { content: { "application/json": (components["schemas"]["AttributeInput"])[] } }; responses: { 200: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 412: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/2faverify": {
    put: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["FactorCode"] } }; responses: { 202: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/users/me/passkeys/{passkey}": {
    put: { parameters: { path: { passkey: string } }; requestBody: { content: { "application/json": components["schemas"]["PasskeyName"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/deployments/deployments/releases/{release_name}/tags": {
    put: { parameters: { path: { release_name: string } }; requestBody: { content: { "application/json": (string)[] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/devauth/devices/{id}/auth/{aid}/status": {
    put: { parameters: { path: { id: string; aid: string } }; requestBody: { content: { "application/json": components["schemas"]["AuthSetStatus"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/tenantadm/tenants/{id}/child": {
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["ChildTenantUpdate"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/tenantadm/tenants/{id}/status": {
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["TenantActivation"] } }; responses: { 202: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
}
export interface components {
  schemas: {
    Address: { email: string };
    AlertRule: { kind: "silent" | "configuration" | "deployment" | "limit" | "expiry" | "receiver" | "device"; group?: string; enabled: boolean; mail: boolean; level: "WARNING" | "CRITICAL"; threshold: number; default: boolean };
    Artifact: { id: string; description: string; name: string; device_types_compatible: (string)[]; info: { format: string; version: number }; signed: boolean; signed_by?: string; updates: ({ type_info: { type: string | null }; files: ({ name: string; checksum: string; size: number; date: string })[] | null; metadata?: Record<string, unknown>; meta_data?: ({ Key: string; Value?: unknown })[] })[]; artifact_provides?: Record<string, string>; artifact_depends?: Record<string, string | (string)[]>; clears_artifact_provides?: (string)[]; size: number; modified: string };
    ArtifactGeneration: { id: string; status: "pending" | "processing" | "done" | "failed"; progress: number; error?: string };
    ArtifactUploadLink: { id: string; uri: string; expire: string; method: "PUT"; header: Record<string, string>; part_size: number };
    Attribute: { name: string; description?: string; value: string | number | boolean | (string)[] | (number)[]; scope: string; timestamp?: string };
    AttributeInput: { name: string; value: string | number | (string)[] | (number)[]; description?: string };
    AuditLog: { time: string; action: string; actor: { id: string; type: string; email?: string }; object: { id: string; type: string }; change?: string; meta?: Record<string, (string)[]> };
    AuthSet: { id: string; identity_data: Record<string, unknown>; pubkey: string; ts: string; status: "accepted" | "preauthorized" | "pending" | "rejected"; tier: "standard" | "micro" | "system"; weak_key?: string };
    AuthSetStatus: { status?: "accepted" | "rejected" | "pending" };
    AutoAcceptRule: { id: string; name: string; identity: Record<string, string>; enrolment_token: boolean; expires_ts: string | null; created_ts: string };
    BulkResult: { status: number; device_id?: string; auth_set_id?: string; error?: string };
    BulkResults: { succeeded: number; failed: number; results: (components["schemas"]["BulkResult"])[] };
    BulkStatus: { status: "accepted" | "rejected" | "pending"; devices: ({ id: string; auth_set_id?: string })[] };
    ChangeCounts: { matched_count?: number; updated_count?: number; created_count?: number; deleted_count?: number };
    ChangedWebhook: { name: string; types: (string)[]; filter?: components["schemas"]["WebhookFilter"]; batch?: number; enabled?: boolean; target?: string };
    ChannelStatus: { enabled: boolean };
    ChannelTest: { success: boolean; error?: string };
    ChildTenantUpdate: { name?: string; device_limit?: number; device_limits?: { max_devices?: { value: number }; max_micro_devices?: { value: number }; max_system_devices?: { value: number } } };
    CloudEvent: { specversion: "1.0"; id: string; source: string; type: "device.first_seen" | "device.pending" | "device.accepted" | "device.rejected" | "device.preauthorized" | "device.noauth" | "device.provisioned" | "device.decommissioned" | "device.inventory_changed" | "device.updated" | "device.silent" | "device.back" | "configuration.applied" | "alert.raised" | "alert.cleared" | "session.opened" | "session.closed" | "deployment.created" | "deployment.opened" | "deployment.halted" | "deployment.paused" | "deployment.resumed" | "deployment.approved" | "deployment.widened" | "deployment.changed" | "deployment.retried" | "deployment.reverted" | "rollout.template_changed" | "rollout.settings_changed" | "deployment.aborted" | "deployment.finished" | "user.created" | "user.updated" | "user.deleted" | "role.changed" | "token.created" | "token.deleted" | "tenant.status" | "webhook.test"; subject: string; time: string; datacontenttype: "application/json"; sequence: string; deviceid?: string; deploymentid?: string; group?: string; data: Record<string, unknown> };
    Configuration: Record<string, string>;
    ConsoleBoot: { user: { id: string; email: string; tenant: string; home?: string; roles: (string)[]; must_enrol: boolean }; permissions: (string)[]; features: (string)[]; plan: string; tenant: { name: string; service_provider: boolean } };
    ConsoleDevice: { device: components["schemas"]["Device"]; attributes: (components["schemas"]["Attribute"])[]; inventory_updated_ts?: string; group?: string; seen: { last_seen?: string; usual_silence_s?: number; silent?: boolean }; connection: { connected: boolean; since_ts?: string }; deployments: ((components["schemas"]["DeviceWithImage"]) & ({ deployment_id: string; name: string; artifact_name: string }))[]; open_alerts: (components["schemas"]["KeptAlert"])[]; alerts: (components["schemas"]["KeptAlert"])[] };
    ConsoleHome: { lines: ({ kind: "deployment_halted" | "deployment_failing" | "alerts_open" | "devices_silent" | "integrations_failing" | "limit_near" | "expiring" | "devices_pending" | "deployment_paused"; count: number; name?: string; reason?: string; since_ts?: string; href: string })[]; more: number; running: ({ id: string; name: string; artifact_name: string; devices: number; success: number; failure: number; finish_ts?: string; waits_for?: { phase: number; results?: number; approvals?: number } })[]; seen?: { from_ts: string; hours: (number | null)[] }; first?: { connected: boolean; accepted: boolean; uploaded: boolean; deployed: boolean }; devices: { accepted: number; pending: number; rejected: number }; at_ts: string };
    Deployment: { id: string; name: string; artifact_name: string; force_installation?: boolean; created: string; finished?: string; artifacts?: (string)[]; status: "scheduled" | "pending" | "inprogress" | "finished"; statistics: { status: components["schemas"]["Statistics"]; total_size: number }; device_count: number; max_devices?: number; initial_device_count?: number; dynamic?: boolean; retries?: number; autogenerate_delta?: boolean; uniform_phases?: Record<string, unknown>; rollout?: Record<string, unknown>; filter?: { id: string; name: string; terms: ({ scope: string; attribute: string; type: string; value?: unknown })[] }; groups?: (string)[]; phases?: ({ id: string; batch_size?: number; batch_size_devices?: number; start_ts?: string; device_count: number })[]; type: "software" | "configuration"; update_control_map?: Record<string, unknown>; configuration?: string; targeting?: "inprogress" };
    DeploymentPreview: { devices: number; gets: number; not: ({ reason: "unknown" | "type" | "depends" | "has_it" | "silent" | "earlier_deployment"; devices: number; sample: (string)[] })[]; looked_at: number; is_estimate: boolean; first?: (string)[]; bytes: number; phases: ({ devices: number; gets: number; bytes: number; opens?: string; waits_for?: { after_s?: number; success?: { percent: number; results: number }; approvals?: number }; expected?: { opens: string; half: string; most: string } })[]; forecast?: { begins: string; finish: string; half_ask_within_s: number; most_ask_within_s: number; update_s: number; assumes: (string)[] }; stops: ({ kind: string; phase?: number; description: string })[] };
    DeploymentPreviewRequest: { name?: string; artifact_name?: string; force_installation?: boolean; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"]; devices?: (string)[]; all_devices?: boolean; group?: string; filter_id?: string; max_devices?: number };
    DeploymentProgress: { created: string; max_devices: number; finish_ts?: string; waits_for?: { phase: number; results?: number; approvals?: number }; points: ({ time: string; begun: number; success: number; failure: number; other: number })[] };
    DeploymentTemplate: { id: string; name: string; body: Record<string, unknown>; created: string; updated: string };
    DeploymentTemplateBody: { name?: string; artifact_name?: string; force_installation?: boolean; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"]; all_devices?: boolean; group?: string; filter_id?: string; max_devices?: number };
    DeploymentTemplateUse: Record<string, unknown>;
    DeploymentWaiting: { devices?: number; groups: ({ reason: "targets_being_looked_up" | "paused" | "stopped_by_rule" | "judged" | "not_started" | "phase_not_open" | "waits_for_results" | "waits_for_approval" | "window_closed" | "at_once_full" | "pace_spent" | "budget_full" | "not_seen_since"; devices?: number; until?: string; phase?: number; since?: string; by?: Record<string, unknown>; needs?: { results?: number; percent?: number; approvals?: number }; has?: { results?: number; percent?: number; approvals?: number }; values?: ({ value: string; in_progress: number })[] })[] };
    DeploymentsStatisticsQuery: { deployment_ids?: (string)[] | null };
    Device: { id: string; identity_data: Record<string, unknown>; status: "accepted" | "noauth" | "pending" | "preauthorized" | "rejected"; tier: "standard" | "micro" | "system"; decommissioning: boolean; created_ts: string; updated_ts: string; check_in_time?: string; auth_sets: (components["schemas"]["AuthSet"])[] | null; flags: { test_device: boolean }; external_id?: { data: string; active: boolean } };
    DeviceConfiguration: { id: string; configured: Record<string, string>; reported: Record<string, string>; deployment_id?: string; updated_ts: string | null; reported_ts?: string };
    DeviceDeployment: { id: string; deployment?: components["schemas"]["Deployment"]; device: components["schemas"]["DeviceWithImage"] };
    DeviceWithImage: { id: string; created: string; started?: string; finished?: string; deleted?: string; status: "failure" | "aborted" | "pause_before_installing" | "pause_before_committing" | "pause_before_rebooting" | "downloading" | "installing" | "rebooting" | "pending" | "success" | "noartifact" | "already-installed" | "decommissioned"; log: boolean; substate?: string; device_type?: string; attempts?: number; retries?: number; phase_id?: string; image?: Record<string, unknown> };
    EffectiveConfiguration: { id: string; effective: Record<string, string>; sources: ({ source: "group" | "filter" | "device"; id: string; keys: (string)[] })[]; in_sync: boolean };
    Error: { error: string; request_id: string };
    Explanation: { status: string; reason: string; description: string; starts?: string; earlier?: string; device?: { device_type: string; artifact_name: string }; artifacts?: ({ id: string; type_fits: boolean; unmet_depends: (string)[] })[] };
    FactorCode: { token2fa: string };
    FailureGroup: { fingerprint: string; ending: string; devices: number; deployments: number; device_types: ({ device_type: string; devices: number })[]; first: string; last: string; sample: { deployment_id: string; device_id: string } };
    Filter: { id: string; name: string; terms: ({ scope: string; attribute: string; type: string; value?: unknown })[] };
    FilterAttribute: { name: string; scope: string; count: number };
    FilterDefinition: { name: string; terms: (components["schemas"]["FilterPredicate"])[] };
    FilterPredicate: { scope: "system" | "identity" | "inventory" | "monitor" | "tags"; attribute: string; type: "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$ltne" | "$in" | "$nin" | "$exists" | "$regex"; value: unknown };
    ForcedSingleSignOn: { forced: boolean; break_glass_user?: string };
    IdentityProvider: { id: string; issuer: string; valid_until?: string };
    IdentityProviderMapping: { create_users: boolean; roles_attribute?: string; roles?: Record<string, (string)[]>; default_roles?: (string)[] };
    Integration: { id: string; provider: "iot-core" | "iot-hub" | "webhook"; credentials: components["schemas"]["IntegrationCredentials"]; description?: string; scopes?: (string)[] };
    IntegrationCredentials: { type?: string; connection_string?: string; aws?: { access_key_id?: string; secret_access_key?: string; region?: string; device_policy_name?: string }; http?: { url?: string; secret?: string } };
    IntegrationEvent: { id: string; type: "device-provisioned" | "device-decommissioned" | "device-status-changed" | "device-inventory-changed"; data?: unknown; time: string; delivery_statuses: ({ integration_id: string; success: boolean; status_code?: number; error?: string })[] };
    InventoryDevice: { id: string; attributes?: (components["schemas"]["Attribute"])[]; updated_ts?: string; identities?: (string)[] };
    KeptAlert: { id: string; device_id: string; name: string; level: string; subject: Record<string, never>; timestamp: string };
    LiveSession: { session_id: string; user_id: string; user_email: string; kind: "terminal" | "portforward" | "filetransfer" | "connection"; opened_ts: string; output_bytes: number };
    MadeAutoAcceptRule: (components["schemas"]["AutoAcceptRule"]) & ({ tenant_token?: string });
    MadeScimToken: (components["schemas"]["ScimToken"]) & ({ token: string });
    MadeWebhook: (components["schemas"]["Webhook"]) & ({ secret: string });
    Mute: { id: string; device_id?: string; group?: string; subject?: string; until?: string; reason: string; created_by: string; created_ts: string };
    NewAlertRule: { enabled?: boolean; mail?: boolean; level?: "WARNING" | "CRITICAL"; threshold?: number };
    NewAutoAcceptRule: { name: string; identity?: Record<string, string>; enrolment_token?: boolean; expires_ts?: string };
    NewChildTenant: { name: string; admin?: { email: string; password?: string; send_reset_password?: boolean }; users?: ({ email: string; role: string })[]; device_limit?: number; device_limits?: { max_devices?: { value: number }; max_micro_devices?: { value: number }; max_system_devices?: { value: number } }; binary_delta?: boolean; sso?: boolean; jurisdiction?: "eu" | "fedramp" };
    NewDeployment: { name: string; artifact_name: string; force_installation?: boolean; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"]; devices?: (string)[]; all_devices?: boolean };
    NewDeploymentForGroup: { name: string; artifact_name: string; force_installation?: boolean; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"]; devices?: (string)[]; all_devices?: boolean };
    NewDeploymentPhase: { batch_size?: number; batch_size_devices?: number; start_ts?: string };
    NewDeploymentStatus: { status: string };
    NewDeploymentTemplate: { name: string; body: components["schemas"]["DeploymentTemplateBody"] };
    NewDynamicDeployment: { name: string; artifact_name: string; force_installation?: boolean; filter_id: string; max_devices?: number; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"] };
    NewIntegration: { provider: "iot-core" | "iot-hub" | "webhook"; credentials: components["schemas"]["IntegrationCredentials"]; description?: string; scopes?: ("deviceauth" | "inventory")[] };
    NewPasskey: { name: string; credential: { id: string; rawId: string; type: "public-key"; response: { clientDataJSON: string; attestationObject: string; transports?: (string)[] } } };
    NewPersonalAccessToken: { name: string; expires_in?: number | null; permission_sets_with_scope?: (components["schemas"]["PermissionSetWithScope"])[] | null; addresses?: (string)[] | null; tools?: "write" | null };
    NewScimToken: { name: string };
    NewUser: { email: string; password?: string | null; roles?: (string)[]; send_reset_password?: boolean | null };
    NewWebhook: { name: string; types: (string)[]; filter?: components["schemas"]["WebhookFilter"]; batch?: number; enabled?: boolean; shape?: "cloudevents" | "slack" | "teams" | "mail"; target: string; secret?: string };
    OpenAlert: { id: string; source: "device" | "server"; subject: string; object?: string; level: string; text: string; device_id?: string; group?: string; time: string; acknowledged?: { time: string; by: string; note?: string }; muted: boolean };
    OwnUser: (components["schemas"]["TenantUser"]) & ({ pending_email_change_request?: components["schemas"]["PendingEmailChange"] });
    Passkey: { id: string; name: string; created_ts: string; last_used?: string };
    PasskeyAssertion: { id: string; rawId: string; type: "public-key"; response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string | null } } | null;
    PasskeyLogin: { credential: components["schemas"]["PasskeyAssertion"]; no_expiry?: boolean | null };
    PasskeyName: { name: string };
    PasskeyOptions: { challenge: string; timeout: number };
    PasskeyOptionsRequest: { current_password?: string };
    PauseDeployment: { reason?: string };
    PendingEmailChange: { new_email: string; created_ts: string; valid_until: string };
    PermissionSetObject: { name: string; action?: string; object?: string; description?: string; permissions: ({ action: string; object: { type: string; value: string } })[]; supported_scope_types?: (string)[] };
    PermissionSetWithScope: { name: string; scope?: components["schemas"]["RoleScope"] };
    PersonalAccessToken: { id: string; name: string; created_ts: string; last_used?: string; expiration_date?: string; permission_sets_with_scope?: ({ name: string; scope?: { type: string; value: (string)[] } })[]; addresses?: (string)[]; tools?: "write" };
    Preauthorization: { identity_data: Record<string, unknown>; pubkey: string; tier?: "standard" | "micro" | "system"; force?: boolean };
    Presence: { id: string; last_seen: string };
    RecoveryCodes: { codes: (string)[] };
    RecoveryCodesLeft: { left: number };
    Release: { name: string; modified: string; tags: (string)[]; notes: string; artifacts: (components["schemas"]["Artifact"])[]; artifacts_count: number };
    ReleaseAdoption: { deployed?: { deployments: number; on_the_way: number; success: number; failure: number; other: number }; days?: ({ day: string; success: number })[]; devices?: { accepted: number; on_it: { devices: number; more: boolean }; fits: { devices: number; more: boolean }; not: ({ reason: "type" | "depends"; devices: number })[] } };
    ReleaseAdoptions: ({ deployments: number; on_the_way: number; success: number; failure: number; other: number; name: string })[];
    RemoteSession: { session_id: string; device_id: string; user_id: string; user_email: string; kind: "terminal" | "portforward" | "filetransfer" | "connection"; started_ts: string; ended_ts?: string; recorded_bytes: number };
    ReportAggregation: { geo_distance_filter?: { geo_distance: { distance: string; location: { lat: number; lon: number } } } | null; geo_bounding_box_filter?: { geo_bounding_box: { location: { top_left: { lat: number; lon: number }; bottom_right: { lat: number; lon: number } } } } | null; filters?: (components["schemas"]["ReportFilter"])[] | null; aggregations: ({ name: string; attribute: string; scope: string; limit?: number | null; aggregations?: ({ name: string; attribute: string; scope: string; limit?: number | null; aggregations?: ({ name: string; attribute: string; scope: string; limit?: number | null; aggregations?: ({ name: string; attribute: string; scope: string; limit?: number | null; aggregations?: ({ name: string; attribute: string; scope: string; limit?: number | null; aggregations?: ({ name: string; attribute: string; scope: string; limit?: number | null; aggregations?: (unknown)[] | null })[] | null })[] | null })[] | null })[] | null })[] | null })[] };
    ReportBuckets: ({ name: string; items: ({ key: string; count: number; aggregations?: (unknown)[] })[]; other_count: number })[];
    ReportFilter: { scope: string; attribute: string; type: "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$nin" | "$exists" | "$regex" | "$ltne"; value: unknown };
    RevertDeployment: { artifact_name: string };
    Role: { name: string; description?: string | null; permissions?: (components["schemas"]["RolePermission"])[] | null; permission_sets_with_scope?: (components["schemas"]["PermissionSetWithScope"])[] | null };
    RoleObject: { name: string; description?: string; permissions?: ({ action: string; object: { type: string; value: string } })[]; permission_sets_with_scope?: ({ name: string; scope?: { type: string; value: (string)[] } })[] };
    RolePermission: { action: "any"; object: { type: "any"; value: string } } | { action: "http"; object: { type: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "any"; value: string } } | { action: "CREATE_DEPLOYMENT" | "VIEW_DEVICE" | "MANAGE_DEVICE" | "REMOTE_TERMINAL"; object: { type: "DEVICE_GROUP" | "DEVICE_ID"; value: string } };
    RoleScope: { type: "DeviceGroups" | "ReleaseTags"; value: (string)[] } | null;
    Rollout: { order?: "hash" | "arrival"; canaries?: (string)[]; gates?: (components["schemas"]["RolloutGate"])[]; stop?: (components["schemas"]["RolloutStopRule"])[]; judge?: components["schemas"]["RolloutJudge"]; on_stop?: { action?: "pause" | "abort" | "revert"; artifact_name?: string }; per_minute?: number; at_once?: number; budget?: { attribute: { scope: "inventory" | "identity" | "tags" | "system" | "monitor"; name: string }; at_once?: number; bytes_per_day?: number }; windows?: components["schemas"]["RolloutWindows"]; weight?: number; retry?: { kinds?: ("download" | "install" | "reboot" | "commit")[]; causes?: ("network" | "space" | "power")[]; pause_s?: number; max_pause_s?: number }; timeout_s?: number };
    RolloutGate: { phase: number; after_s?: number; success?: { percent: number; results: number }; approvals?: number };
    RolloutJudge: { level_percent?: number; failures?: { margin_percent?: number; usual_percent?: number }; silence?: boolean; alerts?: boolean; attributes?: ({ scope: "inventory" | "identity" | "tags" | "system" | "monitor"; name: string; worse?: "more" | "less" })[] };
    RolloutStopRule: { percent?: number; devices?: number; results?: number; kinds?: ("download" | "install" | "reboot" | "commit" | "timeout" | "silence")[]; device_types?: (string)[]; per_type?: boolean };
    RolloutWindows: { zone?: string; zone_attribute?: { scope: "inventory" | "identity" | "tags" | "system" | "monitor"; name: string }; weekly: ({ days: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[]; from: string; to: string })[]; holidays?: (string)[]; download_ahead?: boolean };
    ScimToken: { id: string; name: string; created_ts: string; last_used?: string };
    SearchParams: { page?: number | null; per_page?: number | null; filters?: (components["schemas"]["FilterPredicate"])[] | null; any?: ((components["schemas"]["FilterPredicate"])[])[] | null; sort?: (components["schemas"]["SortCriteria"])[] | null; attributes?: (components["schemas"]["SelectAttribute"])[] | null; device_ids?: (string)[] | null; text?: string | null };
    SelectAttribute: { scope: "system" | "identity" | "inventory" | "monitor" | "tags"; attribute: string };
    Session: { id: string; created_ts: string; last_used?: string; expiration_date?: string; device?: string; place?: string; current: boolean };
    SignInProvider: { id: string; kind: string };
    SignInRules: { require_2fa: boolean; require_2fa_roles?: (string)[] };
    SortCriteria: { scope: "system" | "identity" | "inventory" | "monitor" | "tags"; attribute: string; order: "asc" | "desc" };
    SsoIdentity: { id: string; kind: string; subject: string };
    Statistics: { failure: number; aborted: number; pause_before_installing: number; pause_before_committing: number; pause_before_rebooting: number; downloading: number; installing: number; rebooting: number; pending: number; success: number; noartifact: number; "already-installed": number; decommissioned: number };
    StorageLimit: { limit: number; usage: number };
    Tenant: { id: string; name: string; tenant_token?: string; status: "active" | "suspended"; plan: string; trial: boolean; trial_expiration?: string; addons: (components["schemas"]["TenantAddon"])[]; service_provider: boolean; parent_tenant_id?: string; max_child_tenants?: number; children_tenants?: ({ id: string; name: string })[]; additional_info: Record<string, unknown>; api_limits?: unknown; device_count: number; device_limit: number; device_limits?: { max_devices: components["schemas"]["TenantDeviceLimit"]; max_micro_devices: components["schemas"]["TenantDeviceLimit"]; max_system_devices: components["schemas"]["TenantDeviceLimit"] }; binary_delta: boolean; created_at: string; updated_at: string; cancelled_at?: string; suspend_at?: string };
    TenantActivation: { status: "active" };
    TenantAddon: { name: "configure" | "troubleshoot" | "monitor"; enabled: boolean };
    TenantCancelRequest: { reason: string };
    TenantDeviceLimit: { name: string; tenant_id: string; current_value: number; value: number };
    TenantIdName: { id: string; name: string };
    TenantUser: (components["schemas"]["User"]) & ({ tenant_id: string; tenant_ids: (string)[]; tenants: (components["schemas"]["TenantIdName"])[] });
    TrustedKey: { id: string; name: string; public_key: string; created: string };
    UniformPhases: { batch_size?: number; batch_size_devices?: number; start_ts?: string; time_interval: string };
    UpdateControlMap: { id?: string; priority?: number; states?: { ArtifactInstall_Enter?: { action?: "continue" | "force_continue" | "pause" | "fail"; on_map_expire?: "continue" | "force_continue" | "fail"; on_action_executed?: "continue" | "force_continue" | "pause" | "fail" }; ArtifactReboot_Enter?: { action?: "continue" | "force_continue" | "pause" | "fail"; on_map_expire?: "continue" | "force_continue" | "fail"; on_action_executed?: "continue" | "force_continue" | "pause" | "fail" }; ArtifactCommit_Enter?: { action?: "continue" | "force_continue" | "pause" | "fail"; on_map_expire?: "continue" | "force_continue" | "fail"; on_action_executed?: "continue" | "force_continue" | "pause" | "fail" } } };
    UploadStatus: { id: string; state: "open" | "verifying" | "done" | "failed"; part_size: number; parts: ({ part: number; size: number })[]; expire: string; error?: string };
    UsageDay: { tenant_id: string; tenant_name: string; day: string; devices: number; requests: number; checks: number; rows_read: number; rows_written: number; stored_bytes: number; downloaded_bytes: number; session_seconds: number; usd: number };
    User: { id: string; email: string; created_ts: string; updated_ts: string; login_ts?: string; verified: boolean; tfa_status: "disabled" | "unverified" | "enabled"; roles: (string)[]; suspended?: boolean; sso?: (components["schemas"]["SsoIdentity"])[] };
    UserLimits: { users: { count: number; max: number } };
    UserUpdate: { email?: string; password?: string | null; current_password?: string | null; roles?: (string)[] };
    Webhook: { id: string; name: string; shape: "cloudevents" | "slack" | "teams" | "mail"; target: string; types: (string)[]; filter: { groups?: (string)[]; terms?: (unknown)[] }; batch: number; enabled: boolean; old_secret_until?: string; created_ts: string; updated_ts: string; state: { failures: number; paused_until?: string; behind: number; held: number } };
    WebhookDelivery: { event: components["schemas"]["CloudEvent"]; success: boolean; status_code?: number; time: string; attempts: number; error?: string; answer?: string };
    WebhookDeliveryList: { deliveries: (components["schemas"]["WebhookDelivery"])[]; cursor: string; more: boolean };
    WebhookFilter: { groups?: (string)[]; terms?: (components["schemas"]["FilterPredicate"])[] };
    WebhookRotation: { secret?: string; overlap_hours?: number };
    WebhookTest: { success: boolean; status_code?: number; error?: string; answer?: string };
  };
}
