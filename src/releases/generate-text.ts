const MAX_DESCRIPTION = 4096;

/** What the generator refuses in any text it is given. */
export function textProblem(field: string, text: string, max = MAX_DESCRIPTION): string | undefined {
  if (text.length > max) return `${field} exceeds maximum length of ${max}`;
  if (text.startsWith("-")) return `${field} must not start with '-'`;
  return /[\n\r\0]/.test(text) ? `${field} must not contain control characters` : undefined;
}
