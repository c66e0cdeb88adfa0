import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { inTab, theStage } from "./setup.ts";

const aPublicKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .publicKey.export({ format: "pem", type: "spki" })
    .toString();

const METADATA = (issuer: string, certificate: string) => `<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${issuer}">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>
  </IDPSSODescriptor>
</EntityDescriptor>`;

void describe("one's own account", () => {
  void it("has a passkey, which signs one in, gets another name and is removed", () =>
    inTab(async ({ page, open, check }) => {
      const { server } = theStage();
      const cdp = await page.context().newCDPSession(page);
      await cdp.send("WebAuthn.enable");
      await cdp.send("WebAuthn.addVirtualAuthenticator", {
        options: {
          protocol: "ctap2",
          transport: "internal",
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
        },
      });
      await open("/settings");
      await page.getByRole("button", { name: "Add a passkey" }).click();
      const sheet = page.getByRole("dialog", { name: "Add a passkey" });
      await sheet.getByLabel("Name").fill("my key");
      await sheet.getByLabel("Present password").fill(server.admin.password);
      await check("a passkey that is to be added");
      await sheet.getByRole("button", { name: "Add", exact: true }).click();
      await page.getByRole("cell", { name: "my key" }).waitFor();

      await page.getByRole("button", { name: "Rename" }).click();
      await page.getByRole("dialog").getByLabel("Name").fill("my other key");
      await page.getByRole("button", { name: "Keep the name" }).click();
      await page.getByRole("cell", { name: "my other key" }).waitFor();
      await check("passkeys");

      // Another browser would have no session; here it is let go, not ended, since other tabs have it too.
      await page.context().clearCookies();
      await page.goto(server.url);
      await page.getByRole("button", { name: "Sign in with a passkey" }).click();
      await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();

      await open("/settings");
      await page
        .getByRole("row", { name: /my other key/ })
        .getByRole("button", { name: "Remove" })
        .click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await page.getByText("You have no passkey").waitFor();
    }));
});

void describe("what the tenant demands and trusts", () => {
  void it("a key of artifacts, until it is trusted no more", () =>
    inTab(
      async ({ page, open, check }) => {
        await open("/settings/keys");
        await page.getByRole("button", { name: "Trust a key" }).click();
        const sheet = page.getByRole("dialog");
        await sheet.getByLabel("Name").fill("build machine");
        await sheet.getByLabel("Public key").fill("no key");
        await sheet.getByRole("button", { name: "Trust", exact: true }).click();
        await sheet.getByRole("alert").getByText("must be an RSA or ECDSA public key").waitFor();
        await sheet.getByLabel("Public key").fill(aPublicKey());
        await sheet.getByRole("button", { name: "Trust", exact: true }).click();
        await page.getByRole("cell", { name: "build machine", exact: true }).waitFor();
        await check("trusted keys");
        await page.getByRole("button", { name: "Trust no more" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Trust no more" }).click();
        await page.getByText("Every artifact is taken, signed or not").waitFor();
      },
      { isFailing: true },
    ));

  void it("a second factor of users with some roles, and of nobody again", () =>
    inTab(async ({ page, open, check }) => {
      const change = async (who: string) => {
        await page.getByRole("button", { name: "Change who needs one" }).click();
        await page.getByLabel("A second factor is demanded of").selectOption({ label: who });
      };
      const keep = () => page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
      await open("/settings/sign-in");
      await change("users with one of some roles");
      await page.getByRole("checkbox", { name: "RBAC_ROLE_CI" }).check();
      await check("who needs a second factor");
      await keep();
      await page.getByText("users with RBAC_ROLE_CI").waitFor();
      await change("nobody");
      await keep();
      await page.getByText("users with RBAC_ROLE_CI").waitFor({ state: "detached" });
    }));

  void it("an identity provider, with what it says of people", () =>
    inTab(
      async ({ page, open, check }) => {
        const { server } = theStage();
        const [, certificate = ""] =
          /-----BEGIN CERTIFICATE-----([\s\S]+?)-----END/.exec(readFileSync(server.caFile, "utf8")) ?? [];
        await open("/settings/sign-in");
        await page.getByRole("button", { name: "Add a provider" }).click();
        const sheet = page.getByRole("dialog", { name: "Add a provider" });
        await sheet.getByLabel("It speaks").selectOption({ label: "SAML 2.0" });
        await sheet.getByLabel("Metadata of the provider").fill("<no-metadata/>");
        await sheet.getByRole("button", { name: "Add", exact: true }).click();
        await sheet.getByRole("alert").waitFor();
        await sheet
          .getByLabel("Metadata of the provider")
          .fill(METADATA("https://idp.example.com", certificate.trim()));
        await sheet.getByRole("button", { name: "Add", exact: true }).click();
        await page.getByRole("cell", { name: "https://idp.example.com" }).waitFor();

        await page.getByRole("button", { name: "Settings", exact: true }).click();
        await page.getByText("Assertion consumer").waitFor();
        await check("the addresses for a provider");
        await page.keyboard.press("Escape");

        await page.getByRole("button", { name: "People and roles" }).click();
        const people = page.getByRole("dialog");
        await people.getByLabel(/becomes a user/).check();
        await people.getByLabel("Claim or attribute").fill("groups");
        await people.getByLabel("Roles by its values").fill("admins = RBAC_ROLE_PERMIT_ALL");
        await people.getByRole("checkbox", { name: "RBAC_ROLE_OBSERVER" }).check();
        await check("people of a provider");
        await people.getByRole("button", { name: "Keep" }).click();
        await people.waitFor({ state: "detached" });
        await open("/settings/sign-in");
        await page.getByRole("button", { name: "People and roles" }).click();
        assert.equal(
          await page.getByLabel("Roles by its values").inputValue(),
          "admins = RBAC_ROLE_PERMIT_ALL",
        );
        await page.keyboard.press("Escape");

        await page.getByRole("button", { name: "Remove" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
        await page.getByText("Users sign in with a password of their own here").waitFor();
      },
      { isFailing: true },
    ));

  void it("a token for a directory, which is shown once", () =>
    inTab(async ({ page, open, check }) => {
      const { server } = theStage();
      await open("/settings/provisioning");
      await page.getByRole("button", { name: "New token" }).click();
      await page.getByRole("dialog").getByLabel("Name").fill("our directory");
      await page.getByRole("button", { name: "Create" }).click();
      const shown = page.getByRole("dialog", { name: "The token" });
      const token = (await shown.locator("pre").textContent()) ?? "";
      await check("a token that is shown once");
      const answer = await fetch(new URL("/api/management/v1/useradm/scim/v2/Users", server.url), {
        headers: { Authorization: `Bearer ${token}` },
      });
      assert.equal(answer.status, 200);
      await shown.getByRole("button", { name: "I have it" }).click();
      await page.getByRole("button", { name: "Revoke" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await page.getByText("No directory keeps your users").waitFor();
    }));
});
