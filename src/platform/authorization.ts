/** What an `Authorization` header says: a scheme as it was written, and what stands after it. */
export interface Authorization {
  scheme: string;
  credentials: string;
}

/** The header in its parts; undefined if it has not just these two. */
export function parseAuthorization(header: string): Authorization | undefined {
  const [scheme = "", credentials, ...rest] = header.split(" ");
  return credentials && rest.length === 0 ? { scheme, credentials } : undefined;
}

/** What the header gives under this scheme, if it is that. */
export function credentialsOf(scheme: string, header: string | null | undefined): string | undefined {
  const given = parseAuthorization(header ?? "");
  return given?.scheme.toLowerCase() === scheme ? given.credentials : undefined;
}
