import { signal } from "@preact/signals";
import { exec, Route, Router } from "preact-iso/router";
import { Empty } from "./parts/empty.tsx";
import { page } from "./parts/page-of.tsx";
import { Page } from "./parts/page.tsx";

const Home = page(() => import("./pages/home/home.tsx").then(({ Home }) => Home));
const Releases = page(() => import("./pages/releases/releases.tsx").then(({ Releases }) => Releases));
const ReleasePage = page(() => import("./pages/releases/release.tsx").then(({ ReleasePage }) => ReleasePage));
const UploadPage = page(() => import("./pages/releases/upload.tsx").then(({ UploadPage }) => UploadPage));
const Deployments = page(() =>
  import("./pages/deployments/deployments.tsx").then((page) => page.Deployments),
);
const Wizard = page(() => import("./pages/deployments/wizard.tsx").then((page) => page.Wizard));
const Report = page(() => import("./pages/deployments/report.tsx").then((page) => page.Report));
const DeploymentDevices = page(() =>
  import("./pages/deployments/devices.tsx").then((page) => page.DeploymentDevices),
);
const Alerts = page(() => import("./pages/alerts/alerts.tsx").then((page) => page.Alerts));
const AlertRules = page(() => import("./pages/alerts/rules.tsx").then((page) => page.AlertRules));
const Sessions = page(() => import("./pages/sessions/sessions.tsx").then((page) => page.Sessions));
const Recording = page(() => import("./pages/sessions/player.tsx").then((page) => page.Recording));
const Integrations = page(() =>
  import("./pages/integrations/integrations.tsx").then((page) => page.Integrations),
);
const WebhookPage = page(() => import("./pages/integrations/webhook.tsx").then((page) => page.WebhookPage));
const Tenants = page(() => import("./pages/tenants/tenants.tsx").then((page) => page.Tenants));
const Profile = page(() => import("./pages/settings/profile.tsx").then((page) => page.Profile));
const Security = page(() => import("./pages/settings/security.tsx").then((page) => page.Security));
const Tokens = page(() => import("./pages/settings/tokens.tsx").then((page) => page.Tokens));
const Users = page(() => import("./pages/settings/users.tsx").then((page) => page.Users));
const Roles = page(() => import("./pages/settings/roles.tsx").then((page) => page.RolesPage));
const Organization = page(() =>
  import("./pages/settings/organization.tsx").then((page) => page.Organization),
);
const SignIn = page(() => import("./pages/settings/sign-in.tsx").then((page) => page.SignIn));
const Provisioning = page(() =>
  import("./pages/settings/provisioning.tsx").then((page) => page.Provisioning),
);
const Keys = page(() => import("./pages/settings/keys.tsx").then((page) => page.Keys));
const Usage = page(() => import("./pages/settings/usage.tsx").then((page) => page.Usage));
const Templates = page(() => import("./pages/deployments/templates.tsx").then((page) => page.Templates));
const Welcome = page(() => import("./pages/welcome/welcome.tsx").then((page) => page.Welcome));
const Devices = page(() => import("./pages/devices/devices.tsx").then(({ Devices }) => Devices));
const Device = page(() => import("./pages/device/device.tsx").then(({ Device }) => Device));
const Admission = page(() => import("./pages/admission/admission.tsx").then(({ Admission }) => Admission));
const Audit = page(() => import("./pages/audit/audit.tsx").then(({ Audit }) => Audit));

function Nothing() {
  return (
    <Page title="Nothing here">
      <Empty title="There is no page at this address">
        <a class="button" href="/">
          Home
        </a>
      </Empty>
    </Page>
  );
}

/** Every page at its address; what an address could be of two is that of the first. */
const ROUTES = [
  ["/", Home],
  ["/releases", Releases],
  ["/releases/upload", UploadPage],
  ["/releases/:name", ReleasePage],
  ["/deployments", Deployments],
  ["/deployments/new", Wizard],
  ["/deployments/templates", Templates],
  ["/deployments/:id", Report],
  ["/deployments/:id/devices", DeploymentDevices],
  ["/devices", Devices],
  ["/devices/:id/:tab?", Device],
  ["/admission", Admission],
  ["/audit", Audit],
  ["/alerts", Alerts],
  ["/alerts/rules", AlertRules],
  ["/sessions", Sessions],
  ["/sessions/:id", Recording],
  ["/integrations", Integrations],
  ["/integrations/:id", WebhookPage],
  ["/tenants", Tenants],
  ["/settings", Profile],
  ["/settings/security", Security],
  ["/settings/tokens", Tokens],
  ["/settings/users", Users],
  ["/settings/roles", Roles],
  ["/settings/sign-in", SignIn],
  ["/settings/provisioning", Provisioning],
  ["/settings/keys", Keys],
  ["/settings/usage", Usage],
  ["/welcome", Welcome],
  ["/settings/organization", Organization],
] as const;

/** Whether the program of a page is being loaded. */
export const isOnTheWay = signal(false);

/** Loads the program of the page at an address before it is shown. */
export function preload(path: string): void {
  const found = ROUTES.find(([pattern]) => exec(path, pattern, { path, query: {}, params: {} }));
  // Told by the page itself when it is shown.
  void found?.[1].preload().catch(() => {});
}

export function Pages() {
  return (
    <Router onLoadStart={() => (isOnTheWay.value = true)} onLoadEnd={() => (isOnTheWay.value = false)}>
      {ROUTES.map(([path, component]) => (
        <Route key={path} path={path} component={component} />
      ))}
      <Route default component={Nothing} />
    </Router>
  );
}
