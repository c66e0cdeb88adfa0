import type { components } from "../../api/schema.d.ts";

export type Provider = components["schemas"]["IdentityProvider"];
