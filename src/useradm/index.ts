export { mailOrigin, sendAskedLink, sendNotice, sendReadyLink } from "./account-mails.ts";
export { takeMailTurn } from "./ask-link.ts";
export { LINK_ASKED, LINK_READY, NOTICE } from "./events.ts";
export { forgetOldAccountLinks, LINK_LIFE_MS } from "./account-secrets.ts";
export { mayStatement } from "./find-user.ts";
export { vouchFor } from "./verify-email.ts";
export { hashPassword } from "./passwords.ts";
export { endingTokens, removeTenantTokensIfChanged } from "./token-store.ts";
export { deleteUser, moveAccountsAway } from "./delete-user.ts";
export { assignStatements, assignUser } from "./memberships.ts";
export { wanted } from "./membership-routes.ts";
export { workplacesOfStatement } from "./membership-store.ts";
export { accountsPageStatement, countAccountsStatement, personStatement } from "./people-store.ts";
export type { UserFilter } from "./people-store.ts";
export { planBinding, userLimits } from "./plan.ts";
export { planWire } from "./plan-routes.ts";
export { toFilter, toWire } from "./user-routes.ts";
export { whoMaySee } from "./who-may.ts";
export { resetPassword } from "./update-user.ts";
export {
  checkPassword,
  createUser,
  createUserStatements,
  userToldStatements,
  prepareUser,
  inviteIfChanged,
  unknownUser,
  verifyLinkIfChanged,
  writingEmail,
} from "./users.ts";
export {
  accountStatement,
  hasUsersStatement,
  hasVerifiedUserStatement,
  usersAfterStatement,
} from "./user-store.ts";
export type { User } from "./user-store.ts";
export { findTokenHolders, findUser } from "./find-user.ts";
export { forgetSpentChallenges } from "./passkeys/passkeys.ts";
export { resealFactors } from "./second-factor.ts";
export { endingCertificates } from "./sso/ending-store.ts";
export { NO_PROVIDER, shareStatements } from "./sso/rule-store.ts";
export { forgetAnsweredRequests } from "./sso/sweep.ts";
export { mountUseradm } from "./routes.ts";
export { Assignment, EmailText, PasswordText, RoleNames, TenantUser, SsoQuery, UserQuery } from "./schema.ts";
export { PlanBinding, UserLimits } from "./plan-schema.ts";
export { forgetOldLoginFailures } from "./throttle.ts";
export { readersOf, whoSees } from "./who-sees.ts";
export { senderOf } from "./mail-texts.ts";
