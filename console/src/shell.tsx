import { LocationProvider, useLocation } from "preact-iso/router";
import { boot, hasEnded, signOut } from "./api/session.ts";
import { Login, LoginForm } from "./pages/login/login.tsx";
import { Icon } from "./parts/icon.tsx";
import { Sheet } from "./parts/sheet.tsx";
import { Toasts } from "./parts/toast.tsx";
import { MENU, Pages } from "./routes.tsx";

const isWithin = (path: string, of: string): boolean =>
  of === "/" ? path === "/" : path === of || path.startsWith(`${of}/`);

function Menu() {
  const { path } = useLocation();
  return (
    <nav class="nav" aria-label="Menu">
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

function Frame() {
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
        <Menu />
        <div class="who">
          <span class="quiet">{boot.value?.user.email}</span>
          <button type="button" class="button plain" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main">
        <Pages />
      </main>
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
