import { sql } from "drizzle-orm";
import { mapped, rows } from "../../platform/database.ts";
import type { TroubleSource } from "../../platform/trouble.ts";
import { ssoProvidersTable } from "./tables.ts";

const DAY_MS = 86_400_000;

const TEXTS = {
  metadata: (issuer: string) => `The metadata of the sign-in provider ${issuer} are`,
  signing: (issuer: string) => `The signing certificate of the sign-in provider ${issuer} is`,
  own: (issuer: string) => `Our certificate for the sign-in provider ${issuer} is`,
};

interface Ending {
  id: string;
  issuer: string;
  what: keyof typeof TEXTS;
  ends_ms: number;
}

/**
 * What single sign-on needs and what ends within so many days, or has ended. Metadata that are read from where they are published
 * are left out: those are renewed by whoever publishes them, often every few days.
 */
export const endingCertificates: TroubleSource = (tenant, { threshold, nowMs, limit }) =>
  mapped(
    rows<Ending>(sql`
      SELECT p.provider_id AS id, p.issuer AS issuer, e.value ->> 0 AS what, e.value ->> 1 AS ends_ms
      FROM ${ssoProvidersTable} p CROSS JOIN json_each(json_array(
        json_array('metadata', CASE WHEN p.fetched_ms IS NULL THEN p.valid_until_ms END),
        json_array('signing', p.details ->> 'keysEndMs'),
        json_array('own', p.service_key ->> 'endsMs'))) e
      WHERE p.tenant_id = ${tenant} AND e.value ->> 1 <= ${nowMs + threshold * DAY_MS}
      ORDER BY ends_ms LIMIT ${limit}`),
    (found) =>
      found.map(({ id, issuer, what, ends_ms: endsMs }) => ({
        object: `${id}/${what}`,
        measure: (endsMs - nowMs) / DAY_MS,
        text: `${TEXTS[what](issuer)} good until ${new Date(endsMs).toISOString().slice(0, 10)}`,
      })),
  );
