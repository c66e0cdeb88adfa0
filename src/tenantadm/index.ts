export { mountTenantadm } from "./routes.ts";
