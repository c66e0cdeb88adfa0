import {
  noAnswer,
  REQUEST_MS,
  unexpectedStatus,
  type Attempt,
  type Channel,
  type Sender,
  type StreamEvent,
} from "../events/index.ts";
import { membersAmong, type Predicate } from "../inventory/index.ts";
import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { stableId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { MailRefused } from "../platform/mail.ts";
import { sendOutgoing } from "../platform/send-outgoing.ts";
import { mailOrigin, senderOf } from "../useradm/index.ts";
import { unsealed, type Keys } from "./keys.ts";
import { mailOf, payloadOf } from "./shapes.ts";
import { signedHeaders } from "./signing.ts";
import { webhookStatement, type WebhookRow } from "./store.ts";

/** The kind of receivers that webhooks are. */
export const WEBHOOK = "webhook";

/** Of which devices a webhook is told; of what is about no device only without any. */
export interface Filter {
  groups?: readonly string[] | undefined;
  terms?: Predicate[] | undefined;
}

export const filterOf = ({ filter }: Pick<WebhookRow, "filter">): Filter => JSON.parse(filter) as Filter; // written by this domain

/** By the group of the device as it happened, and by a search as the device is now. */
async function chosen(
  deps: Deps,
  tenant: TenantId,
  { groups, terms }: Filter,
  events: readonly StreamEvent[],
): Promise<readonly StreamEvent[]> {
  const some = groups ? events.filter(({ group }) => group !== undefined && groups.includes(group)) : events;
  if (!terms) return some;
  const devices = [...new Set(some.flatMap(({ device }) => device ?? []))];
  if (devices.length === 0) return [];
  const found = await membersAmong(deps, tenant, [{ id: "", name: "", terms }], devices);
  const members: ReadonlySet<DeviceId> = found.get("") ?? new Set();
  return some.filter(({ device }) => device !== undefined && members.has(device));
}

/** A mail tells of all that came in this time. */
const MAIL_REST_MS = 60_000;
const MAIL_EVENTS = 100;

/** Says that the receiver was not asked, so that it is tried again. */
const untold = (error: string): Attempt => ({ success: false, error });

/** The way to a webhook; undefined for one that is gone. */
export const webhookSender: Sender = async (deps, tenant, id) => {
  const row = await deps.db(tenant).one(webhookStatement(tenant, id));
  return row && channelOf(deps, tenant, row);
};

export async function channelOf(deps: Deps, tenant: TenantId, row: WebhookRow): Promise<Channel> {
  const keys = await unsealed(deps, tenant, row);
  const filter = filterOf(row);
  const isMail = row.shape === "mail";
  return {
    chosen: async (events) => (row.enabled === 1 ? chosen(deps, tenant, filter, events) : []),
    batch: isMail ? MAIL_EVENTS : row.batch,
    ...(isMail && { restMs: MAIL_REST_MS }),
    send: async (events) => {
      if (!keys) return untold("the address cannot be read: set it again");
      return isMail ? mail(deps, row, keys, events) : post(deps, tenant, row, keys, events);
    },
  };
}

/** The same for the same events, so that a receiver can tell a repetition. */
const requestId = ({ webhook_id: id }: WebhookRow, events: readonly StreamEvent[]): string => {
  const [first] = events;
  return events.length === 1 && first
    ? first.id
    : stableId([id, ...events.map(({ position }) => position)].join("/"));
};

async function post(
  deps: Deps,
  tenant: TenantId,
  row: WebhookRow,
  keys: Keys,
  events: readonly StreamEvent[],
): Promise<Attempt> {
  const shape = row.shape === "mail" ? "cloudevents" : row.shape;
  const { contentType, body } = payloadOf(shape, tenant, events, row.batch > 1);
  const nowMs = deps.now();
  const isOldGood = keys.old !== undefined && (row.old_until_ms ?? 0) > nowMs;
  const secrets = [keys.secret, ...(isOldGood && keys.old !== undefined ? [keys.old] : [])];
  const id = requestId(row, events);
  const headers = new Headers({
    "Content-Type": contentType,
    ...signedHeaders({ id, timeS: toSeconds(nowMs), body }, secrets),
  });
  try {
    const request = { uri: keys.target, method: "POST", headers, body };
    const { status, text: answer } = await sendOutgoing(deps, request, { timeoutMs: REQUEST_MS });
    return { ...(status < 300 ? { success: true, statusCode: status } : unexpectedStatus(status)), answer };
  } catch (cause) {
    deps.log.info("webhook not told", { webhook: row.webhook_id, delivery: id, cause: String(cause) });
    return noAnswer(cause);
  }
}

async function mail(
  deps: Deps,
  row: WebhookRow,
  keys: Keys,
  events: readonly StreamEvent[],
): Promise<Attempt> {
  const origin = mailOrigin(deps);
  const from =
    deps.settings.MAIL_FROM ?? (URL.canParse(origin) ? senderOf({ origin, from: undefined }) : undefined);
  if (!deps.mailer || from === undefined) return untold("nothing here sends mails");
  try {
    await deps.mailer.send({ from, to: [keys.target], ...mailOf(row.name, events) });
    return { success: true };
  } catch (cause) {
    deps.log.info("webhook not told", { webhook: row.webhook_id, cause });
    // A mail that is refused for good holds up what follows as an answer of a receiver does.
    return cause instanceof MailRefused
      ? { success: false, statusCode: 422, error: "the mail is refused" }
      : untold("the mail server does not take it");
  }
}
