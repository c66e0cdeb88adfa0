export { bindPlan } from "./accounts.ts";
export { activateTenant } from "./life.ts";
export { removeTenant } from "./remove-tenant.ts";
export { mountTenantadm } from "./routes.ts";
export { REMOVAL, SUPPORT_MAIL } from "./events.ts";
export { removeAsked, removeDueTenants, suspendDueTenants } from "./due.ts";
export { sendSupportMail } from "./support.ts";
