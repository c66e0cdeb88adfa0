/** Letters in a line, and lines. */
export interface Size {
  cols: number;
  rows: number;
}
