/** Hashes of the style elements that the viewer makes: an empty one, to which it adds rules by script, and its scroll bars'. */
export const VIEWER_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
];

/** What the viewer (Redoc) needs beyond its styles: its own file, an icon inside a rule, a worker made from a text for its search. */
export const VIEWER_SOURCES = {
  script: "'self'",
  style: VIEWER_STYLES.join(" "),
  img: "data:",
  worker: "blob:",
};
