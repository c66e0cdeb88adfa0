import { useLayoutEffect, useRef } from "preact/hooks";

/** Moves a bar of links sideways so that the one of the page is seen; the page itself is not moved. */
export function useCurrentInView<Bar extends HTMLElement>(at: string) {
  const bar = useRef<Bar>(null);
  useLayoutEffect(() => {
    // With the layout of the next frame: now, the browser would have to make one more.
    const frame = requestAnimationFrame(() => {
      const one = bar.current?.querySelector<HTMLElement>('[aria-current="page"]');
      if (!bar.current || !one) return;
      bar.current.scrollLeft =
        one.offsetLeft - bar.current.offsetLeft - (bar.current.clientWidth - one.offsetWidth) / 2;
    });
    return () => cancelAnimationFrame(frame);
  }, [at]);
  return bar;
}
