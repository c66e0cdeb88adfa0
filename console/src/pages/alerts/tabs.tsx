import { Tabs } from "../../parts/tabs.tsx";

export const AlertTabs = ({ at }: { at: string }) => (
  <Tabs
    label="Alerts"
    at={at}
    tabs={[
      { path: "/alerts", title: "Open" },
      { path: "/alerts/rules", title: "Rules and mutes" },
    ]}
  />
);
