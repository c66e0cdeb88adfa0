import { expect, test } from "vitest";
import { constantOf, read } from "./documents.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A sentence of a document with `#` where the number is, the constant that it tells, and in which unit. */
type Claim = readonly [sentence: string, file: string, constant: string, unit?: number];

const CLAIMS: Readonly<Record<string, readonly Claim[]>> = {
  "docs/rollouts.md": [
    ["more than # phases", "src/deployments/rollout/phase-schema.ts", "MAX_PHASES"],
    ["At most # are open in a tenant", "src/deployments/limits.ts", "MAX_DYNAMIC"],
    ["Of up to # devices each is looked at", "src/deployments/preview/crowd.ts", "EXACT"],
    ["more than # that a filter finds", "src/deployments/preview/crowd.ts", "LOOKED_AT"],
    ["when # devices from all over the fleet", "src/deployments/preview/look.ts", "RHYTHM_OF"],
    ["more than # % of the others are silent", "src/deployments/judge/well.ts", "MOST_OTHERS_BAD", 0.01],
    ["with a name, at most #", "src/deployments/store/templates.ts", "MAX_TEMPLATES"],
    ["in which something changed, at most #", "src/deployments/progress/points.ts", "MAX_POINTS"],
    ["what the last # rollouts before told", "src/deployments/store/verdicts.ts", "EARLIER"],
    ["at most `level_percent`, # % unless", "src/deployments/judge/levels.ts", "LEVEL", 0.01],
    ["word instead, as if # devices", "src/deployments/judge/levels.ts", "TOLD_DEVICES"],
    ["surely less than # points", "src/deployments/judge/levels.ts", "CLEARED_MARGIN", 0.01],
  ],
  "docs/architecture.md": [
    ["has the whole body there (# MiB for JSON", "src/platform/route.ts", "JSON_BODY_LIMIT", MIB],
    ["not handled within # minutes", "src/platform/send-events.ts", "RESEND_AFTER_MS", MINUTE],
    ["At most # events of a tenant", "src/platform/send-events.ts", "WINDOW"],
    ["works for # tenants at a time", "workers/queue.ts", "LANES"],
    ["4 … # minutes", "src/platform/apart.ts", "LAST_PAUSE_MS", MINUTE],
    ["only # hashes run at once", "src/useradm/login-concurrency.ts", "AT_ONCE"],
    ["to bring # KiB, in each", "src/platform/body-rate.ts", "MIN_WINDOW_BYTES", KIB],
    ["in each # s that its client", "src/platform/body-rate.ts", "BODY_WINDOW_MS", SECOND],
  ],
  "docs/journal.md": [
    ["any minute of the last # days", "src/tenantdata/journal/limits.ts", "JOURNAL_DAYS"],
    ["stays for # days", "src/tenantdata/journal/limits.ts", "JOURNAL_DAYS"],
    ["A run takes # subjects", "src/tenantdata/journal/limits.ts", "KEYS_A_SLICE"],
    ["writes # objects of a tenant", "src/tenantdata/journal/limits.ts", "SLICES_A_RUN"],
  ],
  "docs/archives.md": [
    ["a part of # MiB at a time", "src/tenantdata/limits.ts", "ARCHIVE_PART_BYTES", MIB],
    ["made at a time; # are kept", "src/tenantdata/limits.ts", "KEPT_EXPORTS"],
    ["each for # days", "src/tenantdata/limits.ts", "EXPORT_LIFE_MS", DAY],
    ["more than the # parts", "src/platform/limits.ts", "parts"],
  ],
  "docs/restore.md": [
    ["at a minute of the last # days", "src/tenantdata/journal/limits.ts", "JOURNAL_DAYS"],
    ["can be applied for # day", "src/tenantdata/restoring/limits.ts", "READY_LIFE_MS", DAY],
    ["up after # attempts", "src/tenantdata/restoring/limits.ts", "RESTORE_ATTEMPTS"],
  ],
  "docs/runbook.md": [
    ["every # seconds and are kept", "src/metrics/meter.ts", "KEEP_MS", SECOND],
    ["gives up after #", "src/tenantdata/restoring/limits.ts", "RESTORE_ATTEMPTS"],
  ],
  "docs/checkins.md": [
    ["open deployments to at most # devices", "src/deployments/limits.ts", "SMALL"],
    ["Bloom filters of # bits an id", "src/checkin/filter.ts", "BITS_PER_ID"],
    ["A part has at most # MiB", "src/checkin/filter.ts", "MAX_BITS", 8 * MIB],
    ["none is believed for longer than # minutes", "src/checkin/waits.ts", "LONGEST_WAIT_MS", MINUTE],
    ["SHA-256 of up to # requests", "src/checkin/pledges.ts", "MOST_PRINTS"],
    ["or with others after # second", "src/checkin/kept-reports.ts", "GATHER_MS", SECOND],
    [
      "# minutes after that day, more than clocks differ",
      "src/platform/near-reports.ts",
      "CLOCKS_MS",
      MINUTE,
    ],
    ["a digest # MiB;", "src/checkin/digest.ts", "MAX_BYTES", MIB],
    ["Workers keep the digest for # seconds", "src/checkin/digest-cache.ts", "STALE_MS", SECOND],
    ["digests in an isolate by # MiB", "src/checkin/digest-cache.ts", "MAX_BYTES", MIB],
    ["at once after # quiet seconds, before the answer", "src/platform/env.ts", "LONGEST_SAVE_MS", SECOND],
    ["by an alarm # minutes after the first", "src/checkin/head.ts", "FLUSH_MS", MINUTE],
    ["up to # devices a row", "src/checkin/presence.ts", "PAGE_ENTRIES"],
    ["(up to # ids)", "src/checkin/presence-queries.ts", "MAX_IDS"],
    ["Once # minute the head compares itself", "src/checkin/head-digest.ts", "TRUSTED_MS", MINUTE],
    ["back below # of it", "src/checkin/rate.ts", "HYSTERESIS"],
    ["at most **# seconds** later", "src/checkin/digest-cache.ts", "STALE_MS", SECOND],
    ["contacts of the last # seconds", "src/platform/env.ts", "LONGEST_SAVE_MS", SECOND],
    ["spread over # minute", "src/gateway/rate-limit.ts", "SPREAD_MS", MINUTE],
  ],
  "docs/roles.md": [
    ["lists of up to # devices", "src/deployments/store/reach.ts", "MAX_REACHED"],
    ["by up to # of the devices that ask", "src/checkin/presence-queries.ts", "SAMPLE"],
  ],
  "docs/integrations.md": [["after # Ki characters", "src/gateway/tools/call.ts", "MAX_ANSWER", KIB]],
  "docs/monitoring.md": [
    ["Each tenant is looked at once in # minutes", "src/devicemonitor/server/find.ts", "MINUTES"],
    ["of at least # devices that ended", "src/deployments/store/failing.ts", "FEWEST_ENDED"],
    ["less than # minutes is no silence", "src/checkin/silence.ts", "SHORTEST_S", 60],
    ["up to # that do so together", "src/devicemonitor/server/find.ts", "SILENT_AT_ONCE"],
    ["the first # by name", "src/devicemonitor/server/find.ts", "MAX_MAILED"],
    ["A page looks through # of each", "src/devicemonitor/server/list.ts", "LOOKED_THROUGH"],
    ["says of up to # alerts", "src/devicemonitor/server/schema.ts", "MAX_ACKNOWLEDGED"],
    ["may have # mutes", "src/devicemonitor/server/rule-store.ts", "MAX_MUTES"],
    ["may have # rules", "src/devicemonitor/server/rule-store.ts", "MAX_RULES"],
    ["it fails above # ms", "bench/silence.ts", "GOAL_MS"],
    ["up to twenty slices of #", "src/devicemonitor/server/find.ts", "SILENT_AT_ONCE"],
    ["may have # alerts kept at once", "src/devicemonitor/fold.ts", "ALERTS_AT_ONCE"],
    ["at most # mails about a device", "src/devicemonitor/fold.ts", "MAILS_AT_ONCE"],
  ],
  "docs/events.md": [
    ["It fails above # s", "bench/events.ts", "GOAL_MS", SECOND],
    ["windows of up to # events", "src/events/run.ts", "PAGES", 1 / 128],
    ["at most a minute. After # h", "src/events/lane.ts", "GIVE_UP_MS", HOUR],
    ["Events lie in pages of up to #", "src/platform/stream.ts", "PAGE_EVENTS"],
  ],
  "docs/accounts.md": [["of a user or of up to # members", "src/useradm/scim/groups.ts", "MAX_CHANGED"]],
  "docs/tenants.md": [
    ["there is room for # bytes", "src/platform/call-limits.ts", "MAX_LIMITS_IN_TOKEN"],
    ["within # seconds what they counted", "src/usage/counters.ts", "KEEP_MS", SECOND],
    ["writes one row every # minutes", "src/checkin/head.ts", "FLUSH_MS", MINUTE],
  ],
  "docs/compatibility.md": [
    ["all of up to # devices are within reach", "src/deployments/store/reach.ts", "MAX_REACHED"],
    ["JSON nested deeper than # levels", "src/platform/json.ts", "MAX_DEPTH"],
    ["JSON of more than # keys and values", "src/platform/json.ts", "MAX_VALUES"],
    ["408 once # s of waiting", "src/platform/body-rate.ts", "BODY_WINDOW_MS", SECOND],
    ["neither its end nor # KiB", "src/platform/body-rate.ts", "MIN_WINDOW_BYTES", KIB],
    ["more than # of a device, 32", "src/gateway/body.ts", "MAX_OF_DEVICE"],
    ["of a device, # of a user", "src/gateway/body.ts", "MAX_OF_USER"],
    ["of a user, # of an address", "src/gateway/body.ts", "MAX_OF_NETWORK"],
    ["or # of a tenant", "src/gateway/body.ts", "MAX_OF_TENANT"],
    ["are open at once | any number | #;", "src/storage/uploads.ts", "MAX_OPEN_UPLOADS"],
    ["the first # | unpaged-artifacts", "src/releases/artifact-routes.ts", "MAX_UNPAGED"],
    ["of the first # |", "src/platform/wire.ts", "MAX_ISSUES"],
    ["cut at # characters", "src/platform/app.ts", "MAX_FAULT_TEXT"],
    ["tells the first # of them", "src/deployments/create.ts", "MAX_TOLD"],
    ["at most # KiB and 100 values", "src/deviceauth/identity.ts", "MAX_STORED_BYTES", KIB],
    ["at most 4 KiB and # values", "src/deviceauth/identity.ts", "MAX_STORED_VALUES"],
    ["| #; the newest replaces the oldest", "src/deviceauth/enrol.ts", "MAX_WAITING_KEYS"],
    ["| # beyond the device limits", "src/deviceauth/waiting-store.ts", "DEFAULT_WAITING_DEVICES"],
    ["| # days; a tenant may choose", "src/deviceauth/rule-store.ts", "DEFAULT_PENDING_LIFE_MS", DAY],
    ["RSA keys under # or over 8192 bits", "src/deviceauth/key-strength.ts", "MIN_RSA_BITS"],
    ["RSA keys under 1024 or over # bits", "src/deviceauth/key-strength.ts", "MAX_RSA_BITS"],
    ["RSA keys under # bits, P-224", "src/deviceauth/key-strength.ts", "STRONG_RSA_BITS"],
    ["more than # logins at once in one place", "src/useradm/login-concurrency.ts", "MAX_IN_LINE"],
    ["in one place, or # of one address", "src/useradm/login-concurrency.ts", "MAX_OF_NETWORK"],
    ["| exact | stops at # | audit-", "src/audit/entries.ts", "MAX_COUNTED"],
    ["headers 64 MiB, # entries", "src/artifact/header-archive.ts", "MAX_HEADER_ENTRIES"],
    ["# MiB of JSON", "src/artifact/header-archive.ts", "MAX_HEADER_KEPT_BYTES", MIB],
    ["# keys and values in one file", "src/artifact/json.ts", "MAX_JSON_VALUES"],
    ["| # bytes, refused by name", "src/releases/add-artifact.ts", "MAX_RECORD_BYTES"],
    ["up to # MiB; beyond it refused", "src/artifact/decompress.ts", "MAX_WINDOW_BYTES", MIB],
    ["| #, each member of a list being one", "src/inventory/limits.ts", "MAX_VALUES_IN_SCOPE"],
    ["by their first #; filters", "src/inventory/store/conditions.ts", "KEPT_CHARACTERS"],
    ["| #, 5 sort keys", "src/inventory/search/schema.ts", "MAX_PREDICATES"],
    ["# sort keys, 5,000 values", "src/inventory/search/schema.ts", "MAX_SORT_KEYS"],
    ["# values, 5,000 ids", "src/inventory/search/terms.ts", "MAX_VALUES"],
    ["5,000 values, # ids", "src/inventory/search/schema.ts", "MAX_IDS"],
    ["up to the #th device", "src/inventory/search/best-in-slices.ts", "SORTED_UP_TO"],
    ["how rare they are, for the first #, then age", "src/inventory/store/text.ts", "SCORED"],
    ["| all; the # that most devices have", "src/reporting/routes.ts", "NAME_LIMIT"],
    ["reports beyond # entries", "src/reporting/schema.ts", "WINDOW"],
    ["reports over more than # devices", "src/deployments/analytics/scope.ts", "MAX_DEVICES"],
    ["`filter` of a list of more than # devices", "src/deployments/limits.ts", "LISTED"],
    ["| stops at # | deployments-total", "src/deployments/store/queries.ts", "MAX_TOTAL"],
    ["pasted text over # KiB", "src/deviceconnect/frame.ts", "MAX_TO_DEVICE_BYTES", KIB],
    ["| # small messages a second", "src/deviceconnect/sockets.ts", "messagesPerSecond"],
    ["# MiB on the way to a peer", "src/deviceconnect/sockets.ts", "aheadBytes", MIB],
    ["201 after # s for a device", "src/deviceconnect/transfer.ts", "SETTLE_MS", SECOND],
    ["asked and has # s to answer", "src/deviceconnect/transfers.ts", "PROBE_MS", SECOND],
    ["more than # keys |", "src/deviceconfig/schema.ts", "MAX_KEYS"],
    ["cut to # characters", "src/deployments/configuration/masking.ts", "SHOWN"],
  ],
  "docs/configuration.md": [
    ["A map has at most # keys", "src/deviceconfig/schema.ts", "MAX_KEYS"],
    ["keys and values have at most # bytes", "src/deviceconfig/schema.ts", "MAX_BYTES"],
    ["by rising priority (0 to #, default 0)", "src/deviceconfig/schema.ts", "MAX_PRIORITY"],
    ["at most # filters of a tenant", "src/deviceconfig/defaults-store.ts", "MAX_FILTERS"],
    ["in pages of #", "src/deviceconfig/deploy.ts", "MEMBERS_PAGE"],
    ["more than # keys is left out", "src/deviceconfig/schema.ts", "MAX_KEYS"],
    ["cut to # characters", "src/deployments/configuration/masking.ts", "SHOWN"],
  ],
  "docs/deployments.md": [
    ["chunks of about #", "src/deployments/limits.ts", "TARGET_CHUNK"],
    ["A deployment for at most # devices", "src/deployments/limits.ts", "SMALL"],
    ["looked up # at a time", "src/deployments/limits.ts", "TARGET_PAGE"],
    ["up to # rows are written with the abort", "src/deployments/store/abort.ts", "ABORT_PAGE"],
  ],
  "docs/inventory.md": [
    ["| `inventory` | the device | # |", "src/inventory/limits.ts", "inventory"],
    ["guarded by an `ETag` | # |", "src/inventory/limits.ts", "tags"],
    ["Names have at most # bytes", "src/inventory/schema.ts", "MAX_NAME_BYTES"],
    ["a scope at most # Ki characters", "src/inventory/limits.ts", "MAX_SCOPE_CHARACTERS", KIB],
    ["takes at most # conditions", "src/inventory/search/schema.ts", "MAX_PREDICATES"],
    ["list, up to #", "src/inventory/search/terms.ts", "MAX_VALUES"],
    ["A sort has up to # keys", "src/inventory/search/schema.ts", "MAX_SORT_KEYS"],
    ["at most # characters. There is no look-around", "src/platform/regex/regex.ts", "MAX_PATTERN"],
    ["The first # found", "src/inventory/store/text.ts", "SCORED"],
    ["found by their first # characters", "src/inventory/store/conditions.ts", "KEPT_CHARACTERS"],
    ["a set of at most # devices", "src/inventory/search/query.ts", "COLLECT_AT_MOST"],
    ["more than # rows to count", "src/inventory/search/totals.ts", "COUNTED_EACH_TIME"],
    ["nested up to # deep", "src/reporting/schema.ts", "MAX_NESTED"],
    ["at most # of them, in at most", "src/deployments/analytics/scope.ts", "MAX_DEVICES"],
    ["in at most # deployments", "src/deployments/analytics/scope.ts", "MAX_DEPLOYMENTS"],
    ["reach up to the #th entry", "src/reporting/schema.ts", "WINDOW"],
    ["within # minutes; device admission", "src/checkin/head.ts", "FLUSH_MS", MINUTE],
    ["a stretch of # devices first", "src/inventory/store/slices.ts", "FIRST_STRETCH"],
    ["statements of about # ms each", "src/inventory/search/in-slices.ts", "AIM_MS"],
    ["a count beyond # is counted after", "src/inventory/search/totals.ts", "KNOWN_UP_TO"],
    ["shown for up to # minutes while", "src/inventory/search/totals.ts", "OLD_TOTAL_LIFE_MS", MINUTE],
    ["fills more than # pages", "src/inventory/search/beginnings.ts", "MOST_PAGES"],
    ["then shown for # minute", "src/inventory/search/totals.ts", "TOTAL_LIFE_MS", MINUTE],
  ],
  "docs/operations.md": [
    ["resumed for # h longer", "src/deployments/routes/artifact-download.ts", "RESUMABLE_FOR_MS", HOUR],
    ["# beyond the device limits unless set", "src/deviceauth/waiting-store.ts", "DEFAULT_WAITING_DEVICES"],
    ["not handled for # minutes are sent again", "src/platform/send-events.ts", "RESEND_AFTER_MS", MINUTE],
    ["two parts of # MiB in memory", "src/storage/object-writer.ts", "PART_BYTES", MIB],
    ["failed logins older than # hour", "src/useradm/throttle.ts", "HOUR_MS", HOUR],
    ["doubles up to # hour", "src/platform/retry-delay.ts", "MAX_DELAY_MS", HOUR],
  ],
  "docs/remote-access.md": [
    ["beyond one window of # chunks", "src/deviceconnect/transfer.ts", "WINDOW"],
    ["| a message | # MiB;", "src/deviceconnect/sockets.ts", "messageBytes", MIB],
    ["# KiB towards the device", "src/deviceconnect/frame.ts", "MAX_TO_DEVICE_BYTES", KIB],
    ["small messages (under # bytes of body)", "src/deviceconnect/backpressure.ts", "PAYLOAD_BYTES"],
    ["| # a second | close 1008", "src/deviceconnect/sockets.ts", "messagesPerSecond"],
    ["makes up for # KiB", "src/deviceconnect/backpressure.ts", "ANSWERED_BYTES", KIB],
    ["the answer to a ping for all | # MiB |", "src/deviceconnect/sockets.ts", "aheadBytes", MIB],
    ["of the tenant, # MiB | `stop`", "src/deviceconnect/recorder.ts", "DEFAULT_OUTPUT_BYTES", MIB],
    ["or for the record | # |", "src/deviceconnect/turns.ts", "MAX_WAITING"],
    ["asks for its status | # s,", "durable-objects/device-connection.ts", "SILENT_MS", SECOND],
    ["then # s to answer a ping", "src/deviceconnect/transfers.ts", "PROBE_MS", SECOND],
    ["waiting messages of a transfer | # |", "src/deviceconnect/mailbox.ts", "MAX_WAITING"],
    ["a look that is older than # s", "src/deviceconnect/rights.ts", "HOLD_MS", SECOND],
    ["a look begins every # s", "src/deviceconnect/rights.ts", "RENEW_MS", SECOND],
    ["They are told # at a time", "src/deviceconnect/followers.ts", "PAGE"],
    ["and # minute while there are sessions", "durable-objects/device-connection.ts", "WATCH_MS", MINUTE],
  ],
  "docs/workflows.md": [
    ["at most # hour.", "src/platform/retry-delay.ts", "MAX_DELAY_MS", HOUR],
    ["(at least # second)", "src/workflows/run.ts", "MIN_DELAY_MS", SECOND],
    ["two parts of # MiB in memory", "src/storage/object-writer.ts", "PART_BYTES", MIB],
  ],
};

const WORDS = new Map([
  [0.5, "half(?: an?)?"],
  [1, "(?:an?|one)"],
  [2, "two"],
  [3, "three"],
  [5, "five"],
  [10, "ten"],
  [20, "twenty"],
  [100, "(?:a )?hundred"],
  [1000, "a thousand"],
]);

/** A number as documents write it: in digits, with or without commas, or as a word. */
const written = (value: number): string =>
  [String(value), value.toLocaleString("en-US"), WORDS.get(value)].filter(Boolean).join("|");

const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

const says = (text: string, sentence: string, value: number): boolean => {
  const [before = "", after = ""] = sentence.split("#").map(literally);
  return new RegExp(`${before}(?<![\\d,.])(?:${written(value)})(?![\\d,]*\\d)${after}`).test(text);
};

test.each(Object.entries(CLAIMS))("%s tells the limits that are in force", (name, claims) => {
  const text = read(name).text.replaceAll(/\s+/g, " ");
  const wrong = claims.flatMap(([sentence, file, constant, unit = 1]) => {
    const value = constantOf(file, constant) / unit;
    return says(text, sentence, value) ? [] : [`${sentence}: ${value}`];
  });
  expect(wrong).toEqual([]);
});
