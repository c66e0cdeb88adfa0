import { useState } from "preact/hooks";
import { Refused } from "../../api/client.ts";
import { hasPasskeys, signInByPasskey } from "../../api/passkey.ts";
import { providerOf, signIn } from "../../api/session.ts";
import { Problem } from "../../parts/problem.tsx";

/** Browsers keep the cookie of the session over TLS, or from this machine. */
const keepsSessions = () =>
  location.protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/** Address, then password or provider, then code. `email` is given where a session is begun again. */
export function LoginForm({ email: known }: { email?: string }) {
  const [email, setEmail] = useState(known ?? "");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const provider = password === "" ? await providerOf(email) : undefined;
      if (provider) location.assign(provider);
      else if (password === "")
        setError(new Error("Type the password, too: no provider signs this user in."));
      else await signIn(email, password, code);
    } catch (cause) {
      // The text tells that a code is wanted.
      if (cause instanceof Refused && cause.message.includes("2fa") && code === undefined) setCode("");
      else setError(cause);
    }
    setBusy(false);
  };

  const byPasskey = async () => {
    setBusy(true);
    setError(undefined);
    await signInByPasskey().catch(setError);
    setBusy(false);
  };

  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span>E-mail</span>
        <input
          class="input"
          type="email"
          name="email"
          autocomplete="username"
          required
          value={email}
          onInput={({ currentTarget }) => setEmail(currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Password</span>
        <input
          class="input"
          type="password"
          name="password"
          autocomplete="current-password"
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        <span class="quiet">Left empty, your organization's provider signs you in.</span>
      </label>
      {code !== undefined && (
        <label class="field">
          <span>Code of your second factor</span>
          <input
            class="input"
            name="code"
            inputMode="numeric"
            autocomplete="one-time-code"
            required
            value={code}
            onInput={({ currentTarget }) => setCode(currentTarget.value)}
          />
        </label>
      )}
      <Problem error={error} />
      <button type="submit" class="button main" disabled={isBusy || !keepsSessions()}>
        {isBusy ? "Signing in …" : "Sign in"}
      </button>
      {hasPasskeys() && (
        <button
          type="button"
          class="button"
          disabled={isBusy || !keepsSessions()}
          onClick={() => void byPasskey()}
        >
          Sign in with a passkey
        </button>
      )}
      {!keepsSessions() && (
        <p>
          Over plain HTTP the password and the session would be open to the network. Use the HTTPS address of
          this server.
        </p>
      )}
    </form>
  );
}

export function Login() {
  return (
    <main class="login">
      <div class="sheet padded stack">
        <div class="row">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <h1>Edgemend</h1>
        </div>
        <LoginForm />
        <p class="quiet">
          The API is described at <a href="/api/docs">/api/docs</a>.
        </p>
      </div>
    </main>
  );
}
