export { CONSENT_DEMANDED, GRANT_ENDED } from "./events.ts";
export { mountConsent } from "./routes.ts";
export { consentedStatement } from "./store.ts";
export { closedToSupport, demandSupport } from "./support.ts";
