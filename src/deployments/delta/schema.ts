import { z } from "@hono/zod-openapi";

const size = z.int().min(0).max(4_294_967_296);

const XdeltaArgs = z
  .object({
    disable_checksum: z.boolean().optional(),
    disable_external_decompression: z.boolean().optional(),
    compression_level: z.int().min(0).max(9).optional(),
    source_window_size: size.optional(),
    input_window_size: size.optional(),
    compression_duplicates_window: size.optional(),
    instruction_buffer_size: size.optional(),
  })
  .openapi("XDeltaArgs");

export const BinaryDeltaChange = z
  .object({ xdelta_args: XdeltaArgs.optional(), timeout: size.optional() })
  .openapi("BinaryDeltaConfigurationUpdate");

const Bounds = z.object({ min: size, max: size, default: size }).partial();

export const DeploymentsConfiguration = z
  .object({
    delta: z
      .object({
        enabled: z.boolean().optional(),
        binary_delta: BinaryDeltaChange.optional(),
        binary_delta_limits: z
          .object({
            xdelta_args_limits: z.record(z.string(), Bounds).optional(),
            timeout: Bounds.optional(),
            jobs_in_parallel: Bounds.optional(),
            queue_length: Bounds.optional(),
          })
          .optional(),
      })
      .optional(),
  })
  .openapi("DeploymentsConfiguration");

export const DeltaJob = z.object({ id: z.string(), status: z.string() }).openapi("DeltaJob");

const SORTS = ["status", "started", "to_version", "from_version", "to_release", "from_release"];

/** The web UI sorts by two names that the document does not have (protocol notes, rollouts 7). */
export const deltaSort = z
  .string()
  .optional()
  .refine(
    (text) => {
      const [field = "", order = "", ...rest] = (text ?? "status:asc").split(":");
      return SORTS.includes(field) && ["asc", "desc"].includes(order) && rest.length === 0;
    },
    { error: "must be a valid value" },
  );

export const DeltaJobStatus = z
  .object({ status: z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" }).max(256) })
  .openapi("GenerateDeltaJobStatus");
