/** Text as it was sent, in lines; moved by keys too where it is longer than its place. */
export const Log = ({ text, label }: { text: string; label: string }) => (
  // What is moved by keys has to be reached by them. A page may have many, which are no landmarks.
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex, jsx-a11y/prefer-tag-over-role
  <div role="group" class="log-place" tabIndex={0} aria-label={label}>
    <pre class="log">{text}</pre>
  </div>
);
