import { besideDirectory } from "../platform/beside.ts";
import { z } from "@hono/zod-openapi";
import type { App } from "../platform/app-env.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, type TenantId } from "../platform/ids.ts";
import { publicRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";
import {
  answerBytes,
  counted,
  linkQuery,
  recipientOf,
  refuseBadParameters,
  refuseLink,
  verifyLink,
  type ByteRequest,
  type Recipient,
} from "../storage/index.ts";
import { mayStatement } from "../useradm/index.ts";
import { ARCHIVE_TYPE } from "./archive-format.ts";
import { archiveKey } from "./export-step.ts";
import { exportStatement } from "./export-store.ts";

const MEMBERS = ["user", "token"] as const;

const download = publicRoute({
  method: "get",
  path: "/api/storage/v1/exports/{tenant}/{id}",
  tags: ["tenant exports"],
  security: [],
  summary: "Download the archive of a tenant, whole or in ranges, by a signed link",
  request: {
    params: z.object({ tenant: z.string(), id: z.string() }),
    query: linkQuery.extend({ user: z.string().optional(), token: z.string().optional() }),
  },
  responses: {
    200: {
      description: "The archive",
      content: { [ARCHIVE_TYPE]: { schema: { type: "string" as const, format: "binary" } } },
    },
    206: { description: "The part that was asked for" },
    304: { description: "The client has it" },
    ...faultResponses(400, 403, 404, 412),
    416: { description: "There are no such bytes" },
  },
});

/** Links of the operator end by their time alone. */
const OPERATORS = "all";

async function answerArchive(
  deps: Deps,
  { tenant, id }: { tenant: TenantId; id: string },
  recipient: Recipient | undefined,
  request: ByteRequest,
): Promise<Response> {
  const key = { tenant, id };
  const asked = {
    method: "GET",
    path: `/api/management/v1/tenantadm/exports/${id}/download`,
    query: "",
  };
  const found = exportStatement(key);
  const [reach, [row]] =
    recipient?.kind === "user"
      ? await besideDirectory(
          deps,
          tenant,
          mayStatement(tenant, recipient, ["tenant:export", asked], deps.now()),
          [found],
        )
      : [OPERATORS, [await deps.db(tenant).one(found)]];
  if (reach === undefined) throw new Fault("forbidden", "URL revoked");
  if (row?.state !== "done") throw new Fault("not_found", "there is no such export");
  const answer = await answerBytes(request, {
    fileName: `${tenant}-${id}.tar`,
    contentType: ARCHIVE_TYPE,
    size: row.size,
    validators: { entityTag: `"${id}"`, modifiedMs: row.updated_ms },
    open: async ({ first, last }) => {
      const range = { offset: first, length: last - first + 1 };
      const object = await deps.bucket.get(archiveKey(key), { range });
      if (!object) throw new Fault("not_found", "there is no such export");
      return object.body;
    },
  });
  return counted(deps, tenant, answer);
}

export function mountExportDownload(app: App): void {
  app.openapi(
    download,
    async (c) => {
      const url = new URL(c.req.url);
      refuseLink(await verifyLink(c.var.deps, url, { method: "GET", query: MEMBERS }));
      const { tenant, id } = c.req.valid("param");
      const { user, token } = c.req.valid("query");
      return answerArchive(c.var.deps, { tenant: asTenantId(tenant), id }, recipientOf({ user, token }), {
        headers: c.req.raw.headers,
        wantsBody: c.req.method !== "HEAD",
      });
    },
    refuseBadParameters,
  );
}
