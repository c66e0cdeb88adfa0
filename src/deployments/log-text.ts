/** One line of a device's deployment log. Small devices have no clock and no levels. */
export interface LogMessage {
  timestamp: string | null;
  level: string | null;
  message: string;
}

const FRACTION = /\.(\d+)/;

/** `2006-01-02 15:04:05.999999999 +0000 UTC`: the fraction as sent, without trailing zeros. */
function printedTime(timestamp: string): string {
  const fraction = (FRACTION.exec(timestamp)?.[1] ?? "").slice(0, 9).replace(/0+$/, "");
  const [date, time] = new Date(timestamp).toISOString().slice(0, 19).split("T");
  return `${date} ${time}${fraction && `.${fraction}`} +0000 UTC`;
}

/** The log as users read it, a line for each message. */
export const logText = (messages: readonly LogMessage[]): string =>
  messages
    .map(({ timestamp, level, message }) => {
      const time = timestamp === null ? "-" : printedTime(timestamp);
      return `${time} ${level ?? "-"}: ${message}\n`;
    })
    .join("");
