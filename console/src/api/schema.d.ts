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
  "/api/management/v1/auditlogs/logs": {
    get: { parameters: { query?: { page?: number; per_page?: number; created_after?: number; created_before?: number; actor_id?: string; actor_type?: string; actor_email?: string; object_id?: string; object_type?: string; object_deployment_name?: string; extended?: "true" | "false"; sort?: "asc" | "desc" } }; responses: { 200: { content: { "application/json": (components["schemas"]["AuditLog"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/boot": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["ConsoleBoot"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/artifacts/generate/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": components["schemas"]["ArtifactGeneration"] } }; 202: { content: { "application/json": components["schemas"]["ArtifactGeneration"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/artifacts/{id}/download": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { uri: string; expire: string; method: "GET" } } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } } } };
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
  "/api/management/v1/inventory/groups": {
    get: { parameters: { query?: { status?: string } }; responses: { 200: { content: { "application/json": (string)[] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
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
  "/api/management/v2/inventory/filters": {
    get: { parameters: { query?: { page?: number; per_page?: number } }; responses: { 200: { content: { "application/json": (components["schemas"]["Filter"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
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
  "/api/management/v1/useradm/auth/login": {
    post: { parameters: {}; requestBody?: { content: { "application/json": { no_expiry?: boolean | null; token2fa?: string | null; passkey?: components["schemas"]["PasskeyAssertion"] } } }; responses: { 200: { content: { "application/jwt": string; "application/json": components["schemas"]["SignInProvider"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/logout": {
    post: { parameters: {}; responses: { 202: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/deployments/deployments/preview": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["DeploymentPreviewRequest"] } }; responses: { 200: { content: { "application/json": components["schemas"]["DeploymentPreview"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/inventory/filters/search": {
    post: { parameters: {}; requestBody: { content: { "application/json": components["schemas"]["SearchParams"] } }; responses: { 200: { content: { "application/json": (components["schemas"]["InventoryDevice"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/deployments/deployments/{id}/status": {
    put: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": components["schemas"]["NewDeploymentStatus"] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 422: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v2/deployments/deployments/releases/{release_name}/tags": {
    put: { parameters: { path: { release_name: string } }; requestBody: { content: { "application/json": (string)[] } }; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 404: { content: { "application/json": components["schemas"]["Error"] } }; 409: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
}
export interface components {
  schemas: {
    Artifact: { id: string; description: string; name: string; device_types_compatible: (string)[]; info: { format: string; version: number }; signed: boolean; signed_by?: string; updates: ({ type_info: { type: string | null }; files: ({ name: string; checksum: string; size: number; date: string })[] | null; metadata?: Record<string, unknown>; meta_data?: ({ Key: string; Value?: unknown })[] })[]; artifact_provides?: Record<string, string>; artifact_depends?: Record<string, string | (string)[]>; clears_artifact_provides?: (string)[]; size: number; modified: string };
    ArtifactGeneration: { id: string; status: "pending" | "processing" | "done" | "failed"; progress: number; error?: string };
    ArtifactUploadLink: { id: string; uri: string; expire: string; method: "PUT"; header: Record<string, string>; part_size: number };
    Attribute: { name: string; description?: string; value: string | number | boolean | (string)[] | (number)[]; scope: string; timestamp?: string };
    AuditLog: { time: string; action: string; actor: { id: string; type: string; email?: string }; object: { id: string; type: string }; change?: string; meta?: Record<string, (string)[]> };
    ConsoleBoot: { user: { id: string; email: string; tenant: string; roles: (string)[]; must_enrol: boolean }; permissions: (string)[]; features: (string)[]; plan: string };
    Deployment: { id: string; name: string; artifact_name: string; force_installation?: boolean; created: string; finished?: string; artifacts?: (string)[]; status: "scheduled" | "pending" | "inprogress" | "finished"; statistics: { status: components["schemas"]["Statistics"]; total_size: number }; device_count: number; max_devices?: number; initial_device_count?: number; dynamic?: boolean; retries?: number; autogenerate_delta?: boolean; uniform_phases?: Record<string, unknown>; rollout?: Record<string, unknown>; filter?: { id: string; name: string; terms: ({ scope: string; attribute: string; type: string; value?: unknown })[] }; groups?: (string)[]; phases?: ({ id: string; batch_size?: number; batch_size_devices?: number; start_ts?: string; device_count: number })[]; type: "software" | "configuration"; update_control_map?: Record<string, unknown>; configuration?: string; targeting?: "inprogress" };
    DeploymentPreview: { devices: number; gets: number; not: ({ reason: "unknown" | "type" | "depends" | "has_it" | "silent" | "earlier_deployment"; devices: number; sample: (string)[] })[]; looked_at: number; is_estimate: boolean; first?: (string)[]; bytes: number; phases: ({ devices: number; gets: number; bytes: number; opens?: string; waits_for?: { after_s?: number; success?: { percent: number; results: number }; approvals?: number }; expected?: { opens: string; half: string; most: string } })[]; forecast?: { begins: string; finish: string; half_ask_within_s: number; most_ask_within_s: number; update_s: number; assumes: (string)[] }; stops: ({ kind: string; phase?: number; description: string })[] };
    DeploymentPreviewRequest: { name?: string; artifact_name?: string; force_installation?: boolean; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"]; devices?: (string)[]; all_devices?: boolean; group?: string; filter_id?: string; max_devices?: number };
    DeploymentProgress: { created: string; max_devices: number; points: ({ time: string; begun: number; success: number; failure: number; other: number })[] };
    DeploymentWaiting: { devices?: number; groups: ({ reason: "targets_being_looked_up" | "paused" | "stopped_by_rule" | "judged" | "not_started" | "phase_not_open" | "waits_for_results" | "waits_for_approval" | "window_closed" | "at_once_full" | "pace_spent" | "budget_full" | "not_seen_since"; devices?: number; until?: string; phase?: number; since?: string; by?: Record<string, unknown>; needs?: { results?: number; percent?: number; approvals?: number }; has?: { results?: number; percent?: number; approvals?: number }; values?: ({ value: string; in_progress: number })[] })[] };
    DeploymentsStatisticsQuery: { deployment_ids?: (string)[] | null };
    DeviceWithImage: { id: string; created: string; started?: string; finished?: string; deleted?: string; status: "failure" | "aborted" | "pause_before_installing" | "pause_before_committing" | "pause_before_rebooting" | "downloading" | "installing" | "rebooting" | "pending" | "success" | "noartifact" | "already-installed" | "decommissioned"; log: boolean; substate?: string; device_type?: string; attempts?: number; retries?: number; phase_id?: string; image?: Record<string, unknown> };
    Error: { error: string; request_id: string };
    Explanation: { status: string; reason: string; description: string; starts?: string; earlier?: string; device?: { device_type: string; artifact_name: string }; artifacts?: ({ id: string; type_fits: boolean; unmet_depends: (string)[] })[] };
    FailureGroup: { fingerprint: string; ending: string; devices: number; deployments: number; device_types: ({ device_type: string; devices: number })[]; first: string; last: string; sample: { deployment_id: string; device_id: string } };
    Filter: { id: string; name: string; terms: ({ scope: string; attribute: string; type: string; value?: unknown })[] };
    FilterPredicate: { scope: "system" | "identity" | "inventory" | "monitor" | "tags"; attribute: string; type: "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$ltne" | "$in" | "$nin" | "$exists" | "$regex"; value: unknown };
    InventoryDevice: { id: string; attributes?: (components["schemas"]["Attribute"])[]; updated_ts?: string; identities?: (string)[] };
    NewDeployment: { name: string; artifact_name: string; force_installation?: boolean; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"]; devices?: (string)[]; all_devices?: boolean };
    NewDeploymentForGroup: { name: string; artifact_name: string; force_installation?: boolean; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"]; devices?: (string)[]; all_devices?: boolean };
    NewDeploymentPhase: { batch_size?: number; batch_size_devices?: number; start_ts?: string };
    NewDeploymentStatus: { status: string };
    NewDynamicDeployment: { name: string; artifact_name: string; force_installation?: boolean; filter_id: string; max_devices?: number; phases?: (components["schemas"]["NewDeploymentPhase"])[]; uniform_phases?: components["schemas"]["UniformPhases"]; retries?: number; update_control_map?: components["schemas"]["UpdateControlMap"]; autogenerate_delta?: boolean; rollout?: components["schemas"]["Rollout"] };
    PasskeyAssertion: { id: string; rawId: string; type: "public-key"; response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string | null } } | null;
    PauseDeployment: { reason?: string };
    Release: { name: string; modified: string; tags: (string)[]; notes: string; artifacts: (components["schemas"]["Artifact"])[]; artifacts_count: number };
    RevertDeployment: { artifact_name: string };
    Rollout: { order?: "hash" | "arrival"; canaries?: (string)[]; gates?: (components["schemas"]["RolloutGate"])[]; stop?: (components["schemas"]["RolloutStopRule"])[]; judge?: components["schemas"]["RolloutJudge"]; on_stop?: { action?: "pause" | "abort" | "revert"; artifact_name?: string }; per_minute?: number; at_once?: number; budget?: { attribute: { scope: "inventory" | "identity" | "tags" | "system" | "monitor"; name: string }; at_once: number }; windows?: components["schemas"]["RolloutWindows"]; weight?: number };
    RolloutGate: { phase: number; after_s?: number; success?: { percent: number; results: number }; approvals?: number };
    RolloutJudge: { level_percent?: number; failures?: { margin_percent?: number; usual_percent?: number }; silence?: boolean; alerts?: boolean; attributes?: ({ scope: "inventory" | "identity" | "tags" | "system" | "monitor"; name: string; worse?: "more" | "less" })[] };
    RolloutStopRule: { percent?: number; devices?: number; results?: number; kinds?: ("download" | "install" | "reboot" | "commit" | "timeout" | "silence")[]; device_types?: (string)[]; per_type?: boolean };
    RolloutWindows: { zone?: string; zone_attribute?: { scope: "inventory" | "identity" | "tags" | "system" | "monitor"; name: string }; weekly: ({ days: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[]; from: string; to: string })[]; holidays?: (string)[] };
    SearchParams: { page?: number | null; per_page?: number | null; filters?: (components["schemas"]["FilterPredicate"])[] | null; sort?: (components["schemas"]["SortCriteria"])[] | null; attributes?: (components["schemas"]["SelectAttribute"])[] | null; device_ids?: (string)[] | null; text?: string | null };
    SelectAttribute: { scope: "system" | "identity" | "inventory" | "monitor" | "tags"; attribute: string };
    SignInProvider: { id: string; kind: string };
    SortCriteria: { scope: "system" | "identity" | "inventory" | "monitor" | "tags"; attribute: string; order: "asc" | "desc" };
    Statistics: { failure: number; aborted: number; pause_before_installing: number; pause_before_committing: number; pause_before_rebooting: number; downloading: number; installing: number; rebooting: number; pending: number; success: number; noartifact: number; "already-installed": number; decommissioned: number };
    StorageLimit: { limit: number; usage: number };
    UniformPhases: { batch_size?: number; batch_size_devices?: number; start_ts?: string; time_interval: string };
    UpdateControlMap: { id?: string; priority?: number; states?: { ArtifactInstall_Enter?: { action?: "continue" | "force_continue" | "pause" | "fail"; on_map_expire?: "continue" | "force_continue" | "fail"; on_action_executed?: "continue" | "force_continue" | "pause" | "fail" }; ArtifactReboot_Enter?: { action?: "continue" | "force_continue" | "pause" | "fail"; on_map_expire?: "continue" | "force_continue" | "fail"; on_action_executed?: "continue" | "force_continue" | "pause" | "fail" }; ArtifactCommit_Enter?: { action?: "continue" | "force_continue" | "pause" | "fail"; on_map_expire?: "continue" | "force_continue" | "fail"; on_action_executed?: "continue" | "force_continue" | "pause" | "fail" } } };
    UploadStatus: { id: string; state: "open" | "verifying" | "done" | "failed"; part_size: number; parts: ({ part: number; size: number })[]; expire: string; error?: string };
  };
}
