import { z } from "@hono/zod-openapi";
import type { App } from "../platform/app-env.ts";
import { deviceClaimOf, userOf } from "../platform/app.ts";
import { rfc3339 } from "../platform/clock.ts";
import { asDeviceId } from "../platform/ids.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { deviceRoute, ofDevice, userRoute, within } from "../platform/route.ts";
import { requireOrigin, requireUpgrade } from "../platform/upgrade.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { receiveUpload, sendDownload } from "./files.ts";
import {
  ConnectionStatusBody,
  DeviceParam,
  DownloadQuery,
  LiveSessionBody,
  RecordedSessionBody,
  SessionIdParam,
  SessionParam,
} from "./schema.ts";
import {
  admitUser,
  connectDevice,
  connectionStatus,
  connectUser,
  endSession,
  liveSessions,
  requestOfDevice,
} from "./connections.ts";
import { mountDeviceconnectInternal } from "./internal-routes.ts";
import { exportRecording, listSessions, playRecording } from "./sessions.ts";

const tags = ["deviceconnect"];
const MANAGEMENT = "/api/management/v1/deviceconnect";
const upgraded = { 101: { description: "Switching to a WebSocket of binary MessagePack messages" } };

const deviceSocket = deviceRoute({
  feature: "terminal",
  method: "get",
  path: "/api/devices/v1/deviceconnect/connect",
  summary: "Connect a device",
  tags,
  responses: { ...upgraded, 401: { description: "Token not live; empty body" }, ...faultResponses(400) },
});

const userSocket = userRoute(ofDevice("devices:connect"), {
  feature: "terminal",
  method: "get",
  path: `${MANAGEMENT}/devices/{id}/connect`,
  summary: "Open a terminal or port forwarding session",
  tags,
  request: { params: DeviceParam },
  responses: { ...upgraded, ...faultResponses(400, 401, 403, 404, 422) },
});

const status = userRoute(ofDevice("devices:read"), {
  feature: "terminal",
  method: "get",
  path: `${MANAGEMENT}/devices/{id}`,
  summary: "Whether a device is connected",
  tags,
  request: { params: DeviceParam },
  responses: {
    200: { description: "Its connection", content: jsonContent(ConnectionStatusBody) },
    ...faultResponses(401, 403, 404),
  },
});

const clientRequestRoute = (typ: "check-update" | "send-inventory") =>
  userRoute(ofDevice("devices:connect"), {
    feature: "terminal",
    method: "post",
    path: `${MANAGEMENT}/devices/{id}/${typ}`,
    summary:
      typ === "check-update" ? "Ask a device to check for updates" : "Ask a device to send its inventory",
    tags,
    request: { params: DeviceParam },
    responses: {
      202: { description: "Handed to the device", content: jsonContent(z.null()) },
      ...faultResponses(401, 403, 409),
    },
  });

const sessions = userRoute(ofDevice("devices:connect"), {
  feature: "terminal",
  method: "get",
  path: `${MANAGEMENT}/devices/{id}/sessions`,
  summary: "Live sessions with a device (extension)",
  tags,
  request: { params: DeviceParam },
  responses: {
    200: { description: "Sessions, oldest first", content: jsonContent(z.array(LiveSessionBody)) },
    ...faultResponses(401, 403, 404),
  },
});

const session = userRoute(ofDevice("devices:connect"), {
  feature: "terminal",
  method: "delete",
  path: `${MANAGEMENT}/devices/{id}/sessions/{session_id}`,
  summary: "End a live session (extension)",
  tags,
  request: { params: SessionParam },
  responses: { 204: { description: "Both sides were told" }, ...faultResponses(401, 403, 404) },
});

const history = userRoute(within(["audit:read", "devices:connect"]), {
  feature: "terminal",
  method: "get",
  path: `${MANAGEMENT}/sessions`,
  summary: "Sessions on record, newest first (extension)",
  tags,
  request: { query: z.object(pageQuery()) },
  responses: {
    200: { description: "Sessions", content: jsonContent(z.array(RecordedSessionBody)) },
    ...faultResponses(400, 401, 403),
  },
});

const playback = userRoute(within(["audit:read", "devices:connect"]), {
  feature: "session_playback",
  method: "get",
  path: `${MANAGEMENT}/sessions/{session_id}/playback`,
  summary: "Play a recorded terminal session into a WebSocket",
  tags,
  request: { params: SessionIdParam },
  responses: { ...upgraded, ...faultResponses(400, 401, 403, 404) },
});

const recording = userRoute(within(["audit:read", "devices:connect"]), {
  feature: "session_playback",
  method: "get",
  path: `${MANAGEMENT}/sessions/{session_id}/recording`,
  summary: "A recorded terminal session as asciicast v2 (extension)",
  tags,
  request: { params: SessionIdParam },
  responses: { 200: { description: "asciicast v2" }, ...faultResponses(401, 403, 404) },
});

const upload = userRoute(ofDevice("devices:connect"), {
  feature: "terminal",
  method: "put",
  path: `${MANAGEMENT}/devices/{id}/upload`,
  summary: "Send a file to a device",
  description: "multipart/form-data: path, uid, gid, mode (octal), then file as the last part.",
  tags,
  body: "stream",
  request: { params: DeviceParam },
  responses: {
    201: { description: "The device has the file" },
    ...faultResponses(400, 401, 403, 409, 413, 415),
  },
});

const download = userRoute(ofDevice("devices:connect"), {
  feature: "terminal",
  method: "get",
  path: `${MANAGEMENT}/devices/{id}/download`,
  summary: "Fetch a file from a device",
  tags,
  request: { params: DeviceParam, query: DownloadQuery },
  responses: { 200: { description: "The file's bytes" }, ...faultResponses(400, 401, 403, 409) },
});

export function mountDeviceconnect(app: App): void {
  mountDeviceconnectInternal(app);
  app.openapi(deviceSocket, async (c) => {
    requireUpgrade(c);
    return connectDevice(c.var.deps, deviceClaimOf(c), c.req.raw);
  });
  app.openapi(userSocket, async (c) => {
    requireOrigin(c);
    const device = asDeviceId(c.req.valid("param").id);
    await admitUser(c.var.deps, userOf(c), device);
    requireUpgrade(c);
    return connectUser(c.var.deps, userOf(c), device, c.req.raw);
  });
  app.openapi(status, async (c) =>
    c.json(await connectionStatus(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id)), 200),
  );
  for (const typ of ["check-update", "send-inventory"] as const) {
    app.openapi(clientRequestRoute(typ), async (c) => {
      await requestOfDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id), typ);
      return c.json(null, 202);
    });
  }
  app.openapi(sessions, async (c) => {
    const live = await liveSessions(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    return c.json(
      live.map(({ opened_ms, ...rest }) => ({ ...rest, opened_ts: rfc3339(opened_ms) })),
      200,
    );
  });
  app.openapi(session, async (c) => {
    const { id, session_id } = c.req.valid("param");
    await endSession(c.var.deps, userOf(c), asDeviceId(id), session_id);
    return c.body(null, 204);
  });
  app.openapi(history, async (c) => {
    const page = pageOf(c.req.valid("query"));
    const { sessions: found, hasNext } = await listSessions(c.var.deps, userOf(c), page);
    setPageHeaders(c, page, { hasNext });
    return c.json(found, 200);
  });
  app.openapi(playback, async (c) => {
    requireUpgrade(c);
    requireOrigin(c);
    return playRecording(c.var.deps, userOf(c), c.req.valid("param").session_id);
  });
  app.openapi(recording, (c) => exportRecording(c.var.deps, userOf(c), c.req.valid("param").session_id));
  app.openapi(upload, async (c) => {
    await receiveUpload(c, userOf(c), asDeviceId(c.req.valid("param").id));
    return c.body(null, 201);
  });
  app.openapi(download, async (c) => {
    const { path } = c.req.valid("query");
    return sendDownload(c, userOf(c), asDeviceId(c.req.valid("param").id), path);
  });
}
