import type { Actor } from "../platform/actor.ts";
import { inPages, type Duty } from "../platform/apart.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { startOfPage } from "../platform/deep-page.ts";
import { Fault } from "../platform/fault.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { devicesFor, hasPermission } from "../platform/permissions.ts";
import { byteStream } from "./byte-stream.ts";
import { Asciicast, decodeEvents, Playback, type RecordedEvent } from "./recording.ts";
import {
  pieceKey,
  RECORDING_REMOVAL,
  recordingFolder,
  removeSessionRow,
  sessionPlace,
  sessionRow,
  sessionRows,
  sessionsBefore,
  type OldSession,
  type SessionPlace,
  type SessionReach,
  type SessionRow,
} from "./store.ts";

/**
 * The sessions that the actor may look at: what others typed and saw is for those who may read the audit log, which leads
 * there; one's own are those with devices that one may still connect to.
 */
function reachOf(actor: Actor): SessionReach {
  if (hasPermission(actor, "audit:read"))
    return { user: undefined, devices: devicesFor(actor, "audit:read") };
  const user = actor.kind === "user" ? actor.user : undefined;
  return { user, devices: devicesFor(actor, "devices:connect") };
}

/** Pages of sessions of a tenant, newest first. */
export async function listSessions(deps: Deps, actor: Actor, page: Page, passedAtOnce?: number) {
  const { tenant } = actor;
  const db = deps.db(tenant);
  const reach = reachOf(actor);
  const start = await startOfPage<SessionPlace>(
    offsetOf(page),
    (after, passed) => db.one(sessionPlace(tenant, reach, after, passed)),
    passedAtOnce,
  );
  if (!start) return { sessions: [], hasNext: false };
  const found = await db.one(sessionRows(tenant, reach, { ...start, limit: page.perPage }));
  return { sessions: found.slice(0, page.perPage).map(toWire), hasNext: found.length > page.perPage };
}

const toWire = (row: SessionRow) => ({
  session_id: row.session_id,
  device_id: row.device_id,
  user_id: row.user_id,
  user_email: row.user_email,
  kind: row.kind,
  started_ts: rfc3339(row.started_ms),
  ...(row.ended_ms !== null && { ended_ts: rfc3339(row.ended_ms) }),
  recorded_bytes: row.recorded_bytes,
});

async function requireSession(deps: Deps, actor: Actor, sid: string): Promise<SessionRow> {
  const row = await deps.db(actor.tenant).one(sessionRow(actor.tenant, sid, reachOf(actor)));
  if (!row) throw new Fault("not_found", "session not found");
  return row;
}

/** The recorded events of a session, one stored piece in memory at a time. */
async function* piecesOf(deps: Deps, actor: Actor, row: SessionRow): AsyncGenerator<Iterable<RecordedEvent>> {
  for (let piece = 0; piece < row.pieces; piece += 1) {
    const object = await deps.bucket.get(pieceKey(actor.tenant, row.session_id, piece));
    if (object) yield decodeEvents(new Uint8Array(await object.arrayBuffer()));
  }
}

/** The released web UI listens once it has drawn that the socket is open, and loses what comes before. */
const LISTENS_AFTER_MS = 300;

/** Plays a recording into a socket and closes it at the end; an unknown session is an empty one (protocol notes, deviceconnect 9). */
export async function playRecording(deps: Deps, actor: Actor, sid: string): Promise<Response> {
  const row = await requireSession(deps, actor, sid);
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  deps.after(LISTENS_AFTER_MS, () => play(deps, actor, row, server));
  return new Response(null, { status: 101, webSocket: client });
}

async function play(deps: Deps, actor: Actor, row: SessionRow, socket: WebSocket): Promise<void> {
  try {
    const playback = new Playback();
    for await (const events of piecesOf(deps, actor, row))
      for (const frame of playback.frames(events)) socket.send(frame);
    socket.close(1000);
  } catch (cause) {
    deps.log.error("playback broke off", { session: row.session_id, cause });
    socket.close(1011, "internal error");
  }
}

/** A recording as asciicast v2, as other players read it. */
export async function exportRecording(deps: Deps, actor: Actor, sid: string): Promise<Response> {
  const row = await requireSession(deps, actor, sid);
  return new Response(byteStream(castOf(deps, actor, row)), {
    headers: {
      "Content-Type": "application/x-asciicast",
      "Content-Disposition": `attachment; filename="${row.session_id}.cast"`,
    },
  });
}

async function* castOf(deps: Deps, actor: Actor, row: SessionRow): AsyncGenerator<Uint8Array> {
  const cast = new Asciicast();
  const encoder = new TextEncoder();
  let first = true;
  for await (const piece of piecesOf(deps, actor, row)) {
    const events = [...piece];
    if (first)
      yield encoder.encode(
        cast.header(
          row.started_ms,
          events.find((event) => event.kind === "resize"),
        ),
      );
    first = false;
    for (const line of cast.lines(events)) yield encoder.encode(line);
  }
  if (first) yield encoder.encode(cast.header(row.started_ms, undefined));
}

/** Removes every piece there is, also those of a session whose end was never recorded. */
async function removePieces(deps: Deps, { tenant_id: tenant, session_id: sid }: OldSession): Promise<void> {
  for (let left = true; left;) {
    const { objects, truncated } = await deps.bucket.list({ prefix: recordingFolder(tenant, sid) });
    if (objects.length > 0) await deps.bucket.delete(objects.map(({ key }) => key));
    left = truncated;
  }
}

/** Removes sessions and recordings older than their time. Objects go first, so that a crash leaves no orphan. */
export async function sweepRecordings(deps: Deps): Promise<void> {
  const before = deps.now() - deps.settings.RECORDING_LIFE_S * 1000;
  const duty: Duty<OldSession> = {
    name: RECORDING_REMOVAL,
    of: ({ tenant_id, session_id }) => ({ tenant: tenant_id, key: session_id }),
    work: async (session) => {
      await removePieces(deps, session);
      await deps.db(session.tenant_id).one(removeSessionRow(session.tenant_id, session.session_id));
    },
  };
  await inPages(deps, duty, (db, limit) => db.one(sessionsBefore(before, deps.now(), limit)));
}
