import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";
import { Problem } from "./problem.tsx";
import { Sheet } from "./sheet.tsx";
import { telling } from "./toast.tsx";

interface Look {
  icon?: IconName;
  isMain?: boolean;
  isRisky?: boolean;
  /** Why it cannot be done now. */
  cannot?: string | undefined;
}

const classOf = ({ isMain, isRisky }: Look): string =>
  `button${isMain ? " main" : ""}${isRisky ? " risky" : ""}`;

/** Does something at once; says on itself that it is at it, and tells what it came to. What can be undone is not asked about before. */
export function Act<T>({
  label,
  run,
  done,
  undo,
  ...look
}: Look & {
  label: string;
  run: () => Promise<T>;
  done?: string;
  undo?: (came: T) => Promise<unknown>;
}) {
  const [isBusy, setBusy] = useState(false);
  const click = async () => {
    setBusy(true);
    await telling(run, done, undo);
    setBusy(false);
  };
  return (
    <button
      type="button"
      class={classOf(look)}
      disabled={isBusy || look.cannot !== undefined}
      title={look.cannot}
      onClick={() => void click()}
    >
      {look.icon && <Icon name={look.icon} />}
      {isBusy ? `${label} …` : label}
    </button>
  );
}

/** Says first what it will do and what it will not; `children` may ask for more. */
export function Asked({
  label,
  title,
  run,
  children,
  ...look
}: Look & { label: string; title: string; run: () => Promise<unknown>; children: ComponentChildren }) {
  const [isOpen, open] = useState(false);
  return (
    <>
      <button
        type="button"
        class={classOf({ isRisky: look.isRisky ?? false })}
        disabled={look.cannot !== undefined}
        title={look.cannot}
        onClick={() => open(true)}
      >
        {look.icon && <Icon name={look.icon} />}
        {label}
      </button>
      {isOpen && (
        <SheetForm title={title} action={label} run={run} onClose={() => open(false)}>
          {children}
        </SheetForm>
      )}
    </>
  );
}

/** A form over the page. It stays while the server refuses, with its words. */
export function SheetForm({
  title,
  action,
  run,
  onClose,
  children,
}: {
  title: string;
  action: string;
  run: () => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await run();
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Sheet title={title} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void send(event)}>
        {children}
        <Problem error={error} />
        <div class="row">
          <button type="submit" class="button main" disabled={isBusy}>
            {isBusy ? `${action} …` : action}
          </button>
          <button type="button" class="button" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Sheet>
  );
}
