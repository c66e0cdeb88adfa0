/** Why a restore cannot be done. */
export class RestoreFault extends Error {}
