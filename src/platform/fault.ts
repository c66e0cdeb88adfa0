const STATUS = {
  bad_request: 400,
  unauthorized: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  address_too_long: 414,
  unsupported_media: 415,
  range_not_satisfiable: 416,
  unprocessable: 422,
  rate_limited: 429,
  bad_gateway: 502,
  unavailable: 503,
} as const;

export type FaultKind = keyof typeof STATUS;
export type FaultStatus = (typeof STATUS)[FaultKind];

export interface FaultDetail {
  /** Sent without any body; real clients depend on it in places the protocol notes name. */
  empty?: boolean;
  headers?: Record<string, string>;
  /** Further members of the error body beside `error` and `request_id`. */
  extra?: Record<string, unknown>;
  /** The whole body instead of Mender's error shape, for the few routes whose fault answers with an object. */
  body?: unknown;
  cause?: unknown;
}

/** An answer other than success that the client may know about. Everything else that is thrown is a 500. */
export class Fault extends Error {
  readonly kind: FaultKind;
  readonly publicMessage: string;
  readonly detail: FaultDetail;

  constructor(kind: FaultKind, publicMessage: string, detail: FaultDetail = {}) {
    super(publicMessage, { cause: detail.cause });
    this.kind = kind;
    this.publicMessage = publicMessage;
    this.detail = detail;
  }

  get status(): FaultStatus {
    return STATUS[this.kind];
  }
}
