import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { boot } from "../../api/session.ts";
import { SheetForm } from "../../parts/act.tsx";
import { Check, TextField } from "../../parts/field.tsx";
import { plain } from "../../parts/text.ts";

export type Tenant = components["schemas"]["Tenant"];

export const BASE = "/api/management/v2/tenantadm/tenants";
const ADMINISTRATOR = "RBAC_ROLE_PERMIT_ALL";

export function NewTenant({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [limit, setLimit] = useState("");
  const [isGuest, setGuest] = useState(false);
  const run = async () => {
    await api.POST(BASE, {
      body: {
        name,
        admin: { email, send_reset_password: true },
        ...(limit && { device_limit: Number(limit) }),
        ...(isGuest && { users: [{ email: boot.value?.user.email ?? "", role: ADMINISTRATOR }] }),
      },
    });
    refresh("tenants");
    refresh("me");
  };
  return (
    <SheetForm title="New tenant" action="Create" run={run} onClose={onClose}>
      <TextField label="Name" value={name} set={setName} required />
      <TextField
        type="email"
        label="E-mail of its first user"
        hint="Gets a mail with a link to set a password."
        value={email}
        set={setEmail}
        required
      />
      <TextField type="number" min={1} label="Devices at most" value={limit} set={setLimit} />
      <Check label="I may enter it, with all rights" isOn={isGuest} set={setGuest} />
    </SheetForm>
  );
}

export function ChangeTenant({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const [name, setName] = useState(tenant.name);
  const [limit, setLimit] = useState(tenant.device_limit > 0 ? String(tenant.device_limit) : "");
  const run = async () => {
    await api.PUT(`${BASE}/{id}/child`, {
      params: { path: { id: tenant.id } },
      body: { name, ...(limit && { device_limit: Number(limit) }) },
    });
    refresh("tenants");
  };
  return (
    <SheetForm title={`Change ${plain(tenant.name)}`} action="Keep" run={run} onClose={onClose}>
      <TextField label="Name" value={name} set={setName} required />
      <TextField
        type="number"
        min={1}
        label="Devices at most"
        hint="Left empty, its share of your devices is taken back."
        value={limit}
        set={setLimit}
      />
    </SheetForm>
  );
}

export function CancelTenant({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const run = async () => {
    await api.POST(`${BASE}/{id}/cancel`, { params: { path: { id: tenant.id } }, body: { reason } });
    refresh("tenants");
  };
  return (
    <SheetForm title={`Cancel ${plain(tenant.name)}`} action="Cancel the tenant" run={run} onClose={onClose}>
      <p>
        It is suspended after its time of grace, a trial at once: nobody signs in, and no device gets an
        answer. What it has stays until it is removed. Only whoever runs this server takes it up again.
      </p>
      <TextField label="Reason" value={reason} set={setReason} required />
    </SheetForm>
  );
}
