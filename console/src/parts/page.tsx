import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

/** A page: its name, what can be done on it, and what it shows. */
export function Page({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · Edgemend`;
  }, [title]);
  return (
    <div class="stack">
      <header class="page-head">
        <h1>{title}</h1>
        {actions && <div class="row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
