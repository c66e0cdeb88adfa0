import { z } from "zod";
import type { EventHandler } from "../platform/background.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { LINK_READY, NOTICE } from "./events.ts";
import { asUserId } from "../platform/ids.ts";
import { addEventIfChanged, type EventMessage } from "../platform/outbox.ts";
import { tellByMail } from "../mail/index.ts";
import {
  addSecretStatement,
  armSecretStatement,
  secretStatement,
  type AccountSecret,
} from "./account-secret-store.ts";
import { digestOf, newSecret, openerOf } from "./account-secrets.ts";
import { linkMail, NOTICES, noticeMail, type Notice } from "./mail-texts.ts";
import { accountStatement, type User } from "./user-store.ts";

/**
 * What links in mails begin with. A local server does not take it from the request: whoever asks for a link to be sent to
 * somebody else could name any host there.
 */
export const mailOrigin = ({ settings, origin }: Deps): string =>
  settings.PUBLIC_ORIGIN ?? settings.LOCAL_ORIGIN ?? origin;

const Origin = z.object({ origin: z.string() });
const Asked = Origin.extend({ email: z.string(), purpose: z.enum(["verify", "reset"]) });
const Ready = Origin.extend({ secret: z.string() });
const Told = Origin.extend({ email: z.string(), notice: z.enum(NOTICES), detail: z.string().optional() });

/** Sends a recorded link once the statements before it in the batch have changed something. */
export const sendLinkIfChanged = (deps: Deps, secret: AccountSecret): Statement<number> =>
  addEventIfChanged(
    {
      kind: LINK_READY,
      tenant: secret.tenant,
      subject: secret.user,
      data: { secret: secret.id, origin: mailOrigin(deps) },
    },
    deps.now(),
  );

/** Tells a user by mail if the statement before it in the batch changed something. */
export const noticeIfChanged = (
  deps: Deps,
  user: Pick<User, "tenant" | "id" | "email">,
  notice: Notice,
  detail?: string,
): Statement<number> =>
  addEventIfChanged(
    {
      kind: NOTICE,
      tenant: user.tenant,
      subject: user.id,
      data: { email: user.email, notice, detail, origin: mailOrigin(deps) },
    },
    deps.now(),
  );

/** Makes the link good and sends it; nothing happens to one that was used, cancelled or has expired meanwhile. */
async function sendLink(deps: Deps, secret: AccountSecret, origin: string): Promise<void> {
  const opener = await openerOf(deps, secret.id);
  const armed = await deps.directory.one(armSecretStatement(secret, digestOf(opener), deps.now()));
  if (armed > 0)
    await tellByMail(
      deps,
      linkMail(secret, opener, { origin, from: deps.settings.MAIL_FROM }),
      secret.purpose,
    );
}

export const sendAskedLink: EventHandler = async (deps, event: EventMessage) => {
  const { email, purpose, origin } = Asked.parse(event.data);
  const account = await deps.directory.one(accountStatement(email));
  if (account?.tenantStatus !== "active") return;
  if (purpose === "verify" && account.verifiedMs !== null) return;
  const secret = newSecret(account, { id: event.id, purpose, email }, event.atMs);
  await deps.directory.one(addSecretStatement(secret));
  await sendLink(deps, secret, origin);
};

export const sendReadyLink: EventHandler = async (deps, event: EventMessage) => {
  const { secret: id, origin } = Ready.parse(event.data);
  const secret = await deps.directory.one(
    secretStatement({ tenant: event.tenant, user: asUserId(event.subject), id }),
  );
  if (secret) await sendLink(deps, secret, origin);
};

export const sendNotice: EventHandler = async (deps, event: EventMessage) => {
  const { email, notice, detail, origin } = Told.parse(event.data);
  await tellByMail(
    deps,
    noticeMail(notice, { email, detail, atMs: event.atMs }, { origin, from: deps.settings.MAIL_FROM }),
    notice,
  );
};
