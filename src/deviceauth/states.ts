export const SET_STATUSES = ["accepted", "preauthorized", "pending", "rejected"] as const;
export type SetStatus = (typeof SET_STATUSES)[number];

export const DEVICE_STATUSES = ["accepted", "noauth", "pending", "preauthorized", "rejected"] as const;
export type DeviceStatus = (typeof DEVICE_STATUSES)[number];

export const TIERS = ["standard", "micro", "system"] as const;
export type Tier = (typeof TIERS)[number];

export const isDeviceStatus = (text: string): text is DeviceStatus =>
  DEVICE_STATUSES.some((status) => status === text);

/** The heaviest status of the sets, in the order of `SET_STATUSES`. */
export const deviceStatusOf = (sets: readonly { status: SetStatus }[]): DeviceStatus =>
  SET_STATUSES.find((status) => sets.some((set) => set.status === status)) ?? "noauth";

/** What users may ask for; preauthorised sets leave that state by the device's own request or by being dismissed. */
export const USER_STATUSES = ["accepted", "rejected", "pending"] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

export const isUserStatus = (text: unknown): text is UserStatus =>
  USER_STATUSES.some((status) => status === text);
