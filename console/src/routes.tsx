import lazy from "preact-iso/lazy";
import { Route, Router } from "preact-iso/router";
import { Empty } from "./parts/empty.tsx";
import { Page } from "./parts/page.tsx";

const Home = lazy(() => import("./pages/home/home.tsx").then(({ Home }) => Home));
const Releases = lazy(() => import("./pages/releases/releases.tsx").then(({ Releases }) => Releases));
const ReleasePage = lazy(() => import("./pages/releases/release.tsx").then(({ ReleasePage }) => ReleasePage));
const UploadPage = lazy(() => import("./pages/releases/upload.tsx").then(({ UploadPage }) => UploadPage));
const Deployments = lazy(() =>
  import("./pages/deployments/deployments.tsx").then((page) => page.Deployments),
);
const Wizard = lazy(() => import("./pages/deployments/wizard.tsx").then((page) => page.Wizard));
const Report = lazy(() => import("./pages/deployments/report.tsx").then((page) => page.Report));
const DeploymentDevices = lazy(() =>
  import("./pages/deployments/devices.tsx").then((page) => page.DeploymentDevices),
);
const Alerts = lazy(() => import("./pages/alerts/alerts.tsx").then((page) => page.Alerts));
const Sessions = lazy(() => import("./pages/sessions/sessions.tsx").then((page) => page.Sessions));
const Recording = lazy(() => import("./pages/sessions/player.tsx").then((page) => page.Recording));
const Integrations = lazy(() =>
  import("./pages/integrations/integrations.tsx").then((page) => page.Integrations),
);
const Tenants = lazy(() => import("./pages/tenants/tenants.tsx").then((page) => page.Tenants));
const Profile = lazy(() => import("./pages/settings/profile.tsx").then((page) => page.Profile));
const Security = lazy(() => import("./pages/settings/security.tsx").then((page) => page.Security));
const Tokens = lazy(() => import("./pages/settings/tokens.tsx").then((page) => page.Tokens));
const Users = lazy(() => import("./pages/settings/users.tsx").then((page) => page.Users));
const Roles = lazy(() => import("./pages/settings/roles.tsx").then((page) => page.RolesPage));
const Organization = lazy(() =>
  import("./pages/settings/organization.tsx").then((page) => page.Organization),
);
const Devices = lazy(() => import("./pages/devices/devices.tsx").then(({ Devices }) => Devices));
const Device = lazy(() => import("./pages/device/device.tsx").then(({ Device }) => Device));
const Admission = lazy(() => import("./pages/admission/admission.tsx").then(({ Admission }) => Admission));
const Audit = lazy(() => import("./pages/audit/audit.tsx").then(({ Audit }) => Audit));

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

/** Every page at its address. */
export function Pages() {
  return (
    <Router>
      <Route path="/" component={Home} />
      <Route path="/releases" component={Releases} />
      <Route path="/releases/upload" component={UploadPage} />
      <Route path="/releases/:name" component={ReleasePage} />
      <Route path="/deployments" component={Deployments} />
      <Route path="/deployments/new" component={Wizard} />
      <Route path="/deployments/:id" component={Report} />
      <Route path="/deployments/:id/devices" component={DeploymentDevices} />
      <Route path="/devices" component={Devices} />
      <Route path="/devices/:id/:tab?" component={Device} />
      <Route path="/admission" component={Admission} />
      <Route path="/audit" component={Audit} />
      <Route path="/alerts" component={Alerts} />
      <Route path="/sessions" component={Sessions} />
      <Route path="/sessions/:id" component={Recording} />
      <Route path="/integrations" component={Integrations} />
      <Route path="/tenants" component={Tenants} />
      <Route path="/settings" component={Profile} />
      <Route path="/settings/security" component={Security} />
      <Route path="/settings/tokens" component={Tokens} />
      <Route path="/settings/users" component={Users} />
      <Route path="/settings/roles" component={Roles} />
      <Route path="/settings/organization" component={Organization} />
      <Route default component={Nothing} />
    </Router>
  );
}
