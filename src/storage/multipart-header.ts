export type PartHeader = { name: string; filename?: string; contentType?: string };

const MAX_BOUNDARY_LENGTH = 70;
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]*[0-9A-Za-z'()+_,\-./:=?]$/;

/** Forms come as either; the parts are the same (protocol notes, deployments 1). */
const FORM_TYPES = ["multipart/form-data", "multipart/mixed"];

/** The boundary of a form's content type, or null if it is none. */
export function multipartBoundary(contentType: string | null | undefined): string | null {
  const { value, parameters } = parseValue(contentType ?? "");
  const boundary = parameters.get("boundary");
  if (!FORM_TYPES.includes(value) || boundary === undefined) return null;
  return boundary.length <= MAX_BOUNDARY_LENGTH && BOUNDARY.test(boundary) ? boundary : null;
}

/** Null if a line is no header. A part without a name gets the empty one. */
export function parsePartHeader(text: string): PartHeader | null {
  const unfolded = text.replaceAll(/\r\n[ \t]+/g, " ");
  const headers = new Map<string, string>();
  for (const line of unfolded === "" ? [] : unfolded.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) return null;
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const { value, parameters } = parseValue(headers.get("content-disposition") ?? "");
  const filename = extendedValue(parameters.get("filename*")) ?? parameters.get("filename");
  const contentType = headers.get("content-type");
  return {
    name: value === "form-data" ? (parameters.get("name") ?? "") : "",
    ...(filename !== undefined && { filename }),
    ...(contentType !== undefined && { contentType }),
  };
}

/** `value; key=token; key="quoted"`, the value and the keys in lower case. */
function parseValue(text: string): { value: string; parameters: Map<string, string> } {
  const semicolon = text.indexOf(";");
  const value = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  const parameters = new Map<string, string>();
  if (semicolon < 0) return { value, parameters };
  // Sticky: where the text stops being parameters, the rest is ignored.
  const parameter = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))\s*/y;
  parameter.lastIndex = semicolon;
  for (let match = parameter.exec(text); match !== null; match = parameter.exec(text)) {
    const [, key = "", quoted, token = ""] = match;
    parameters.set(key.toLowerCase(), quoted === undefined ? token : unescapeQuoted(quoted));
  }
  return { value, parameters };
}

/** A backslash escapes only quotes and itself: paths of old browsers keep theirs. */
const unescapeQuoted = (quoted: string): string => quoted.replaceAll(/\\(["\\])/g, "$1");

/** RFC 5987: `UTF-8''percent-encoded`. */
function extendedValue(text: string | undefined): string | undefined {
  const encoded = text === undefined ? undefined : /^utf-8'[^']*'(.*)$/i.exec(text)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
