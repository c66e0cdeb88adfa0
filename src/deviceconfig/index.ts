export {
  addConfigurationRecord,
  configurationRecord,
  configureDevice,
  removeDeviceConfiguration,
} from "./configurations.ts";
export { deployConfiguration, deployToPage } from "./deploy.ts";
export { MEMBERS_EVENT } from "./events.ts";
export { removeConfigurationStatements, removeFilterDefaultsStatements } from "./removal.ts";
export { mountDeviceconfig } from "./routes.ts";
export { devicesApart } from "./store.ts";
