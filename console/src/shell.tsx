import { LocationProvider, useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import { boot, enter, hasEnded, signOut } from "./api/session.ts";
import { reading } from "./api/resource.ts";
import { listenForKeys, overlay } from "./keys.ts";
import { endLive, goLive, hasNews, isLive, showNews } from "./live/live.ts";
import { MENU } from "./menu.ts";
import { Login, LoginForm } from "./pages/login/login.tsx";
import { Act } from "./parts/act.tsx";
import { useCurrentInView } from "./parts/current.ts";
import { Icon } from "./parts/icon.tsx";
import { Sheet } from "./parts/sheet.tsx";
import { plain } from "./parts/text.ts";
import { Toasts } from "./parts/toast.tsx";
import { isOnTheWay, Pages } from "./routes.tsx";

const isWithin = (path: string, of: string): boolean =>
  of === "/" ? path === "/" : path === of || path.startsWith(`${of}/`);

function Menu() {
  const { path } = useLocation();
  const bar = useCurrentInView<HTMLElement>(path);
  return (
    <nav ref={bar} class="nav" aria-label="Menu">
      {MENU.filter(({ isFor }) => isFor()).map((entry) => (
        <a key={entry.path} href={entry.path} aria-current={isWithin(path, entry.path) ? "page" : undefined}>
          <Icon name={entry.icon} />
          <span>{entry.title}</span>
        </a>
      ))}
    </nav>
  );
}

/** The session is over; what was open stays. */
function SignInAgain() {
  return (
    <Sheet title="Your session has ended" onClose={() => {}}>
      <p>Sign in again to go on where you are.</p>
      <LoginForm email={boot.value?.user.email ?? ""} />
    </Sheet>
  );
}

/** Of what changed under the pointer, and of a socket that is lost. */
function News() {
  if (hasNews.value)
    return (
      <button type="button" class="button news" onClick={showNews}>
        Something is new: show it
      </button>
    );
  if (isLive.value !== false) return null;
  return <span class="news sheet quiet">not live: the page looks by itself every 15 s</span>;
}

type Overlays = typeof import("./pages/palette/overlay.tsx");

/** Loaded with the first key that wants it; what lies below goes on. */
function Over() {
  const which = overlay.value;
  const [loaded, setLoaded] = useState<Pick<Overlays, "Overlay">>();
  useEffect(() => {
    if (which && !loaded)
      void import("./pages/palette/overlay.tsx").then(({ Overlay }) => setLoaded({ Overlay }));
  }, [which]);
  return which && loaded ? <loaded.Overlay which={which} /> : null;
}

/** Whoever works in another tenant than the own is told so on every page. */
function Guest() {
  const home = boot.value?.user.home;
  if (home === undefined) return null;
  return (
    <aside class="guest row" aria-label="Where you are">
      <span>
        You are in <strong>{plain(boot.value?.tenant.name ?? "")}</strong>, another tenant than your own. What
        you do here is in its audit log.
      </span>
      <Act label="Back to your own" run={() => enter(home)} />
    </aside>
  );
}

function Main() {
  return (
    <main id="main" aria-busy={isOnTheWay.value || reading.value > 0}>
      <Guest />
      <Pages />
    </main>
  );
}

function Frame() {
  const { route } = useLocation();
  useEffect(() => listenForKeys(route), []);
  useEffect(() => {
    goLive();
    return endLive;
  }, []);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="side">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" />
          Edgemend
        </a>
        <button
          type="button"
          class="button go-to"
          aria-keyshortcuts="Control+K"
          onClick={() => (overlay.value = "palette")}
        >
          <Icon name="search" />
          <span>Go to</span>
          <kbd aria-hidden="true">Ctrl K</kbd>
        </button>
        <Menu />
        <div class="who">
          <span class="quiet">{boot.value?.user.email}</span>
          <span class="row">
            <button type="button" class="button plain" onClick={() => (overlay.value = "help")}>
              Keys
            </button>
            <button type="button" class="button plain" onClick={() => void signOut()}>
              Sign out
            </button>
          </span>
        </div>
      </header>
      <Main />
      <News />
      <Over />
      {hasEnded.value && <SignInAgain />}
    </div>
  );
}

export function Shell() {
  return (
    <LocationProvider>
      {boot.value ? <Frame /> : boot.value === null && <Login />}
      <Toasts />
    </LocationProvider>
  );
}
