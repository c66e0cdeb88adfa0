/**
 * Style elements that `make` creates become constructed style sheets, which a policy without inline styles allows. The terminal's
 * program knows style elements only.
 */
export function withAdoptedStyles<T>(make: () => T): T {
  const plain = document.createElement.bind(document);
  const standing = (name: string, options?: ElementCreationOptions) =>
    name === "style" ? standIn(plain("template")) : plain(name, options);
  document.createElement = standing as typeof plain; // what it makes of each other name is as it was
  try {
    return make();
  } finally {
    // The document's own again.
    Reflect.deleteProperty(document, "createElement");
  }
}

function standIn(element: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", {
    set: (text: string) => {
      sheet.replaceSync(text);
    },
  });
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    remove();
  };
  return element;
}
