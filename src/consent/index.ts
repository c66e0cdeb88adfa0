export { CONSENT_DEMANDED, GRANT_ENDED } from "./events.ts";
export { mountConsent } from "./routes.ts";
export { consentedStatement, isOpenToSupport } from "./store.ts";
export { demandSupport } from "./support.ts";
