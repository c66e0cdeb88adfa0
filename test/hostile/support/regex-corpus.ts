const nested = (inner: string, times: number, count: number) => {
  let text = inner;
  for (let level = 0; level < times; level++) text = `(${text}){${count}}`;
  return text;
};

/** Expressions that stop engines: by building, by backtracking, by their size or by their depth. */
export const CATASTROPHIC: readonly string[] = [
  nested("()", 5, 100),
  nested("", 8, 50),
  nested("(?:)", 6, 100),
  nested("a?", 4, 40),
  nested("^", 5, 100),
  nested("\\b", 5, 100),
  nested("$|^", 4, 100),
  "(((((){100}){100}){100}){100}){100}",
  "(a+)+$",
  "(a*)*b",
  "(a|a)*b",
  "(a|aa)+$",
  "(.*)*x",
  "(.*a){25}",
  "(.*?,){25}P",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "(x+x+)+y",
  "(\\w*)*\\W",
  "((a{0,100}){0,100}){0,100}",
  "(a{1,1000}){1,1000}",
  "a{1000}{1000}",
  "a{99999999999}",
  "a{0,2147483648}",
  "[\\w\\d\\s]*".repeat(100),
  "(?:a?){500}a{500}",
  "a?".repeat(500) + "a".repeat(500),
  "(".repeat(5_000) + ")".repeat(5_000),
  "(?:".repeat(500) + "a" + ")*".repeat(500),
  "[".repeat(2_000),
  "(a|b|c|d|e|f|g|h)*".repeat(60),
  "|".repeat(2_000),
  "(|)*".repeat(200),
  "[\\u0000-\\uffff]{1000}",
  "\\p{L}*".repeat(100),
  "(?i)" + "[^\\u0000]".repeat(300),
  "(?=.*)",
  "\\1(a)",
  "(?<n>a)\\k<n>",
  "/(a+)+$/i",
  `/${"(.*)*".repeat(50)}/ims`,
];
