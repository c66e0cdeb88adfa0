export const releasePath = (name: string): string => `/releases/${encodeURIComponent(name)}`;
