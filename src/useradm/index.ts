export { sendAskedLink, sendNotice, sendReadyLink } from "./account-mails.ts";
export { LINK_ASKED, LINK_READY, NOTICE } from "./events.ts";
export { forgetOldAccountLinks, LINK_LIFE_MS } from "./account-secrets.ts";
export { mayStatement } from "./find-user.ts";
export { vouchFor } from "./verify-email.ts";
export { hashPassword } from "./passwords.ts";
export { removeTenantTokensIfChanged } from "./token-store.ts";
export { deleteUser, moveAccountsAway } from "./delete-user.ts";
export { personStatement } from "./people-store.ts";
export { resetPassword } from "./update-user.ts";
export {
  checkPassword,
  createUser,
  createUserStatements,
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
export { mountUseradm } from "./routes.ts";
export { EmailText, PasswordText, RoleNames } from "./schema.ts";
export { forgetOldLoginFailures } from "./throttle.ts";
