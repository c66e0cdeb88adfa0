export {
  addConfigurationRecord,
  configurationRecord,
  configureDevice,
  removeDeviceConfiguration,
} from "./configurations.ts";
export { MEMBERS_EVENT, deployConfiguration, deployToPage } from "./deploy.ts";
export { removeConfigurationStatements, removeFilterDefaultsStatements } from "./removal.ts";
export { mountDeviceconfig } from "./routes.ts";
