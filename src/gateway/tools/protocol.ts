import { z } from "zod";

/** Versions of the Model Context Protocol that are spoken here, the newest first. */
export const VERSIONS = ["2025-06-18", "2025-03-26", "2024-11-05"] as const;

export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;

const Id = z.union([z.string().max(256), z.int()]);

/** A message of JSON-RPC 2.0. One without an id is a notification, and one without a method an answer to what was never asked. */
export const Message = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: Id.optional(),
  method: z.string().min(1).max(256).optional(),
  params: z.looseObject({}).optional(),
});

export type RpcId = z.output<typeof Id>;

export class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const resultOf = (id: RpcId, result: object) => ({ jsonrpc: "2.0", id, result });

export const errorOf = (id: RpcId | null, { code, message }: RpcError) => ({
  jsonrpc: "2.0",
  id,
  error: { code, message },
});
