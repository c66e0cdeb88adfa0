/**
 * Reads may be answered by a replica of a database, which may lag behind. A bookmark says how far behind it may be: no
 * further than what its owner has seen or written. One is told with each answer and sent along with the next request.
 */
export const BOOKMARK_HEADER = "X-Database-Bookmark";

/** Bookmarks by the names of their databases. */
export type Bookmarks = ReadonlyMap<string, string>;

export const NO_BOOKMARKS: Bookmarks = new Map();

/** Where nothing is known the primary is asked, of which every replica is a copy. */
const PRIMARY = "first-primary";

/** Of a longer header, or one of more databases, nothing is believed. */
const MOST_CHARACTERS = 2048;
/** No other word: some stand for any replica, however far behind. */
const BOOKMARK = /^([A-Z][A-Z0-9_]{0,63})=([0-9a-f]{8}-[0-9a-f-]{1,119})$/;

/** What a header says; of what it does not say well, nothing. */
export function readBookmarks(header: string | undefined): Bookmarks {
  if (header === undefined || header.length > MOST_CHARACTERS) return NO_BOOKMARKS;
  const found = new Map<string, string>();
  for (const part of header.split(",")) {
    const [, name, bookmark] = BOOKMARK.exec(part.trim()) ?? [];
    if (name !== undefined && bookmark !== undefined) found.set(name, bookmark);
  }
  return found;
}

const writeBookmarks = (bookmarks: Bookmarks): string =>
  [...bookmarks].map(([name, bookmark]) => `${name}=${bookmark}`).join(", ");

/** The later of each: in their order as texts bookmarks are in the order of time. */
export function laterOf(a: Bookmarks, b: Bookmarks): Bookmarks {
  const later = new Map(a);
  for (const [name, bookmark] of b) if (bookmark > (later.get(name) ?? "")) later.set(name, bookmark);
  return later;
}

type Batch = (way: D1Database | D1DatabaseSession) => Promise<D1Result<Record<string, unknown>>[]>;

/** One of them, and whether its bookmark is known to be taken. */
interface Opened {
  session: D1DatabaseSession;
  isSure: boolean;
}

/** The sessions of one request, one for each database that it asks. */
export class Sessions {
  readonly #names: ReadonlyMap<D1Database, string>;
  readonly #given: Map<string, string>;
  readonly #opened = new Map<D1Database, Opened>();

  constructor(databases: ReadonlyMap<string, D1Database>, given: Bookmarks) {
    this.#names = new Map([...databases].map(([name, d1]) => [d1, name]));
    this.#given = new Map(given);
  }

  /** In the session of this database. A bookmark that it does not take is as none: then its primary is asked. */
  async run(d1: D1Database, isWriting: boolean, batch: Batch): Promise<D1Result<Record<string, unknown>>[]> {
    // Bindings of long ago have no sessions.
    if (typeof d1.withSession !== "function") return batch(d1);
    const known = this.#opened.get(d1);
    const opened = known && (known.isSure || !isWriting) ? known : this.#open(d1, isWriting);
    if (opened.isSure) return batch(opened.session);
    try {
      const results = await batch(opened.session);
      opened.isSure = true;
      return results;
    } catch {
      // Of several at once one is the first to find out.
      const other = this.#opened.get(d1);
      return batch((other && other !== opened ? other : this.#open(d1, true)).session);
    }
  }

  #open(d1: D1Database, atPrimary: boolean): Opened {
    const name = this.#names.get(d1) ?? "";
    const bookmark = atPrimary ? undefined : this.#given.get(name);
    if (bookmark === undefined) this.#given.delete(name);
    const opened = { session: d1.withSession(bookmark ?? PRIMARY), isSure: bookmark === undefined };
    this.#opened.set(d1, opened);
    return opened;
  }

  /** What was given and not refused: whoever sent it does not get another one back that no database takes. */
  get given(): Bookmarks {
    return this.#given;
  }

  /** How far what this request has seen and written goes. */
  get reached(): Bookmarks {
    const reached = new Map<string, string>();
    for (const [d1, { session }] of this.#opened) {
      const [name, bookmark] = [this.#names.get(d1), session.getBookmark()];
      if (name !== undefined && bookmark) reached.set(name, bookmark);
    }
    return reached;
  }
}

export const bookmarkHeader = (bookmarks: Bookmarks): Record<string, string> =>
  bookmarks.size === 0 ? {} : { [BOOKMARK_HEADER]: writeBookmarks(bookmarks) };
