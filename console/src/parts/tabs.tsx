import { useCurrentInView } from "./current.ts";

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
  const bar = useCurrentInView<HTMLElement>(at);
  return (
    <nav ref={bar} class="tabs" aria-label={label}>
      {tabs.map(({ path, title }) => (
        <a key={path} href={path} aria-current={path === at ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
