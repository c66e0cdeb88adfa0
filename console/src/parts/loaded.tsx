import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Resource } from "../api/resource.ts";
import { Problem } from "./problem.tsx";

const PATIENCE_MS = 150;

/** A place of about the right size, after a moment in which nobody waits. */
function Skeleton() {
  const [isShown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isShown ? <output class="skeleton" aria-label="Loading" /> : null;
}

/** What was read, while it is read again too; a place for it before; what went wrong beside it. */
export function Loaded<T>({
  of,
  again,
  children,
}: {
  of: Resource<T>;
  again?: () => void;
  children: (data: T) => ComponentChildren;
}) {
  return (
    <>
      {of.error !== undefined && <Problem error={of.error} {...(again && { again })} />}
      {of.data === undefined ? of.error === undefined && <Skeleton /> : children(of.data)}
    </>
  );
}
