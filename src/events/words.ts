export const EVENTS_PATH = "/api/management/v1/events";
export const LIVE_PATH = `${EVENTS_PATH}/live`;
