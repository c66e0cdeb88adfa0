/** Outlines on a grid of 24. */
const PATHS = {
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
  devices: "M4 5h16v11H4zM9 20h6M12 16v4",
  releases: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  deployments: "M12 16V4M7 9l5-5 5 5M4 20h16",
  alerts: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  audit: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7",
  settings:
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1",
  admission: "M9 12l2 2 4-4M5 4h14v16H5z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12l5 5L19 7",
  cross: "M6 6l12 12M18 6L6 18",
  terminal: "M4 5h16v14H4zM8 10l3 2.5L8 15M13 15h4",
  upload: "M12 16V5M8 9l4-4 4 4M4 16v4h16v-4",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M20 20l-4.8-4.8",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  integrations: "M9 7H6a4 4 0 0 0 0 8h3M15 7h3a4 4 0 0 1 0 8h-3M8 11h8",
  tenants: "M4 20V8l8-4 8 4v12M9 20v-6h6v6",
  sessions: "M4 6h16v12H4zM10 9.5v5l4.5-2.5z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, title }: { name: IconName; title?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      {...(title ? { role: "img" } : { "aria-hidden": "true" })}
    >
      {title && <title>{title}</title>}
      <path d={PATHS[name]} />
    </svg>
  );
}
