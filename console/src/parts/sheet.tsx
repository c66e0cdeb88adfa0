import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** A dialog over the page; the browser keeps the focus in it and gives it back. */
export function Sheet({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isGone = useRef(false);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      isGone.current = true;
      shown?.close();
    };
  }, []);
  /** The browser tells late that one has closed, when another may have been opened in its place. */
  const leave = () => {
    if (!isGone.current) onClose();
  };
  const cancel = (event: Event) => {
    if (event.target !== event.currentTarget) return; // a file was not chosen
    event.preventDefault();
    leave();
  };
  return (
    <dialog ref={dialog} onCancel={cancel} onClose={leave} aria-label={title}>
      <div class="dialog-body">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
