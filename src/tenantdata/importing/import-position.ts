import type { Stored } from "../archive-format.ts";
import { AT_START, type Place } from "./archive-cursor.ts";
import { NOTHING, type Found } from "./check-archive.ts";

/** A file of which a part of the bytes is in the bucket. */
export interface FileCut extends Stored {
  offset: number;
  multipart: string;
  etags: string[];
}

/** How far an import is. */
export interface ImportPosition {
  /** Where reading goes on. */
  place: Place;
  /** What the archive has, by the check. */
  found: Found;
  /** Where that begins which is written last. */
  late: Place | null;
  /** Of what is being written. */
  section: string;
  rows: number;
  files: number;
  /** Users whose address somebody else has here, and places of users of other tenants. */
  leftOut: { users: number; addresses: string[]; memberships: number };
  cut: FileCut | null;
}

export const FIRST_POSITION: ImportPosition = {
  place: AT_START,
  found: NOTHING,
  late: null,
  section: "",
  rows: 0,
  files: 0,
  leftOut: { users: 0, addresses: [], memberships: 0 },
  cut: null,
};
