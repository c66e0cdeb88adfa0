/** Pages of one thing, each with an address. */
export function Tabs({
  label,
  at,
  tabs,
}: {
  label: string;
  at: string;
  tabs: readonly { path: string; title: string }[];
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ path, title }) => (
        <a key={path} href={path} aria-current={path === at ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
