/** The more special first: each names what it wants to be taken for as well. */
const BROWSERS = [
  [/\bEdgA?\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/(?:Headless)?Chrome\/(\d+)|CriOS\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+)\S* (?:Mobile\S* )?Safari\//, "Safari"],
] as const;

const SYSTEMS = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
] as const;

/** What a browser says of itself, in short; the whole of what anything else says. */
export function agentOf(text: string): string {
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1];
  for (const [pattern, name] of BROWSERS) {
    const found = pattern.exec(text);
    if (found) return [name, found[1] ?? found[2], ...(system ? ["on", system] : [])].join(" ");
  }
  return text;
}
