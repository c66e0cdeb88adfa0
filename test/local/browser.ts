/** As much of a browser as signing in takes: cookies by host and path, redirects, forms. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string; host: string }>();

  #remember(url: URL, response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      const attribute = (wanted: string) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const path = attribute("path") ?? "/";
      const isGone =
        attribute("max-age") === "0" || Date.parse(attribute("expires") ?? "2100-01-01") < Date.now();
      const key = `${url.host} ${path} ${name}`;
      if (isGone) this.#cookies.delete(key);
      else this.#cookies.set(key, { value, path, host: url.host });
    }
  }

  #cookiesFor(url: URL): string {
    return [...this.#cookies]
      .filter(([, { host, path }]) => host === url.host && url.pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split(" ")[2]}=${value}`)
      .join("; ");
  }

  cookie(name: string): string | undefined {
    const [, found] = [...this.#cookies].find(([key]) => key.split(" ")[2] === name) ?? [];
    return found && decodeURIComponent(found.value);
  }

  /** Asks, and follows redirects until there is a page, or the address that begins so. */
  async go(address: string, form?: Record<string, string>, until = "\0"): Promise<Page> {
    let url = new URL(address);
    let body = form && new URLSearchParams(form);
    for (let hops = 0; hops < 20; hops++) {
      const response = await fetch(url, {
        method: body ? "POST" : "GET",
        body: body ?? null,
        redirect: "manual",
        headers: { Cookie: this.#cookiesFor(url), Accept: "text/html" },
      });
      this.#remember(url, response);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null)
        return new Page(url.href, response.status, await response.text());
      await response.body?.cancel();
      url = new URL(location, url);
      body = undefined;
      if (url.href.startsWith(until)) return new Page(url.href, response.status, "");
    }
    throw new Error(`${address} leads nowhere`);
  }
}

const attributeOf = (tag: string, name: string) =>
  new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll("&#x3D;", "=").replaceAll("&amp;", "&");

/** What a browser shows. */
export class Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;

  constructor(url: string, status: number, text: string) {
    this.url = url;
    this.status = status;
    this.text = text;
  }

  /** Where the form of the page goes, and what is in it. */
  form(): { action: string; fields: Record<string, string> } {
    const tag = /<form[^>]*>/.exec(this.text)?.[0];
    if (tag === undefined) throw new Error(`${this.url} shows no form (${this.status}): ${this.text}`);
    const inputs = this.text.match(/<input[^>]*>/g) ?? [];
    const fields = inputs.flatMap((input) => {
      const name = attributeOf(input, "name");
      return name === undefined ? [] : [[name, attributeOf(input, "value") ?? ""] as const];
    });
    const action = new URL(attributeOf(tag, "action") ?? "", this.url).href;
    return { action, fields: Object.fromEntries(fields) };
  }
}
