import { z } from "@hono/zod-openapi";
import {
  aggregationsOf,
  BEYOND_WINDOW,
  isInWindow,
  listOf,
  MAX_LIST,
  MAX_PREDICATES,
  MAX_SORT_KEYS,
  oneOf,
  OPERATORS,
  paging,
  Value,
  Word,
} from "./schema.ts";

const FilterInput = z
  .object({ attribute: Word, type: oneOf(OPERATORS), value: Value })
  .openapi("DeploymentReportFilter");

const SortInput = z
  .object({ attribute: Word, order: oneOf(["asc", "desc"]) })
  .openapi("DeploymentReportSort");

export const DeploymentSearchInput = z
  .object({
    ...paging,
    filters: listOf(FilterInput, MAX_PREDICATES),
    sort: listOf(SortInput, MAX_SORT_KEYS),
    attributes: listOf(z.object({ attribute: Word }), MAX_LIST),
    device_ids: listOf(z.string(), MAX_LIST),
    deployment_ids: listOf(z.string(), MAX_LIST),
  })
  .refine(isInWindow, BEYOND_WINDOW)
  .openapi("DeploymentReportSearch");

export type DeploymentSearch = z.output<typeof DeploymentSearchInput>;

export const DeploymentAggregateInput = z
  .object({
    filters: listOf(FilterInput, MAX_PREDICATES),
    device_ids: listOf(z.string(), MAX_LIST),
    deployment_ids: listOf(z.string(), MAX_LIST),
    aggregations: aggregationsOf(Word.optional()),
  })
  .openapi("DeploymentReportAggregation");

export type DeploymentAggregation = z.output<typeof DeploymentAggregateInput>;

const keyed = z.record(z.string(), z.unknown());

export const DeviceDeploymentOut = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    device_id: z.string(),
    deployment_id: z.string(),
    deployment_name: z.string(),
    deployment_artifact_name: z.string(),
    deployment_type: z.string(),
    deployment_created: z.string(),
    deployment_all_devices: z.boolean(),
    deployment_force_installation: z.boolean(),
    deployment_groups: z.array(z.string()),
    deployment_phased: z.boolean(),
    deployment_retries: z.number().int(),
    deployment_max_devices: z.number().int(),
    deployment_autogenerate_deta: z.boolean(),
    device_created: z.string(),
    device_finished: z.string(),
    device_elapsed_seconds: z.number().int(),
    device_deleted: z.string(),
    device_status: z.string(),
    device_is_log_available: z.boolean(),
    device_retries: z.number().int(),
    device_attempts: z.number().int(),
    image_id: z.string(),
    image_description: z.string(),
    image_artifact_name: z.string(),
    image_device_types: z.array(z.string()),
    image_signed: z.boolean(),
    image_artifact_info_format: z.string(),
    image_artifact_info_version: z.number().int(),
    image_provides: keyed,
    image_depends: keyed,
    image_clears_provides: z.array(z.string()),
    image_size: z.number().int(),
  })
  .partial()
  .required({ id: true })
  .openapi("DeviceDeploymentReport");

export type DeviceDeploymentShown = z.output<typeof DeviceDeploymentOut>;
