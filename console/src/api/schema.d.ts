// Made from the server's document by `npm run console:types`; not to be changed by hand.
export interface paths {
  "/api/management/v1/auditlogs/logs": {
    get: { parameters: { query?: { page?: number; per_page?: number; created_after?: number; created_before?: number; actor_id?: string; actor_type?: string; actor_email?: string; object_id?: string; object_type?: string; object_deployment_name?: string; extended?: "true" | "false"; sort?: "asc" | "desc" } }; responses: { 200: { content: { "application/json": (components["schemas"]["AuditLog"])[] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 403: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/boot": {
    get: { parameters: {}; responses: { 200: { content: { "application/json": components["schemas"]["ConsoleBoot"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/console/session": {
    post: { parameters: {}; responses: { 204: { content: never }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/login": {
    post: { parameters: {}; requestBody?: { content: { "application/json": { no_expiry?: boolean | null; token2fa?: string | null; passkey?: components["schemas"]["PasskeyAssertion"] } } }; responses: { 200: { content: { "application/jwt": string; "application/json": components["schemas"]["SignInProvider"] } }; 400: { content: { "application/json": components["schemas"]["Error"] } }; 401: { content: { "application/json": components["schemas"]["Error"] } }; 415: { content: { "application/json": components["schemas"]["Error"] } }; 429: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
  "/api/management/v1/useradm/auth/logout": {
    post: { parameters: {}; responses: { 202: { content: never }; 401: { content: { "application/json": components["schemas"]["Error"] } } } };
  };
}
export interface components {
  schemas: {
    AuditLog: { time: string; action: string; actor: { id: string; type: string; email?: string }; object: { id: string; type: string }; change?: string; meta?: Record<string, (string)[]> };
    ConsoleBoot: { user: { id: string; email: string; tenant: string; roles: (string)[]; must_enrol: boolean }; permissions: (string)[]; features: (string)[]; plan: string };
    Error: { error: string; request_id: string };
    PasskeyAssertion: { id: string; rawId: string; type: "public-key"; response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string | null } } | null;
    SignInProvider: { id: string; kind: string };
  };
}
