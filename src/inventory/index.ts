export { aggregateDevices, groupInto, noBuckets, type Aggregated, type Aggregation } from "./aggregate.ts";
export { attributePath, keyOf } from "./attributes.ts";
export { attributeCatalogue } from "./catalogue.ts";
export {
  attributeTextsStatement,
  countDevices,
  FILTER_GONE,
  GROUP_GONE,
  demandGroupStatement,
  demandFilterStatement,
  deviceGroupStatement,
  deviceGroupsStatement,
  deviceAlertsStatements,
  deviceIdentityStatements,
  deviceStatusStatements,
  removeDeviceStatements,
  savedFilterStatement,
  savedFiltersStatement,
  searchDeviceIds,
} from "./device-records.ts";
export { attributesOf, type DeviceRow } from "./device-view.ts";
export { AttributeOut, NameText, SCOPES } from "./schema.ts";
export { acceptedDevices as acceptedDevicesStatement, acceptedIds } from "./store/groups.ts";
export { oneDevice as inventoryOfDeviceStatement } from "./store/devices.ts";
export { forgetDevices } from "./internal.ts";
export { membersAmong } from "./membership.ts";
export { refuseList, withPlace } from "./refuse.ts";
export { mountInventory } from "./routes.ts";
export { expressionBudget, requireShortList } from "./search/expressions.ts";
export { around } from "./search/geo.ts";
export { compileWholeRegex, type Regex } from "../platform/regex/regex.ts";
export { within } from "./find.ts";
export { satisfies } from "./search/satisfies.ts";
export { MAX_PREDICATES, MAX_TEXT, PredicateInput } from "./search/schema.ts";
export { wordsOf } from "./search/search-text.ts";
export { searchDevices, type Search } from "./search/search.ts";
export { countFew } from "./search/few.ts";
export { forgetOldTotals } from "./search/totals.ts";
export { PLACE_KEY, termsOf, timeOf, type Predicate, type Term } from "./search/terms.ts";
export { rankedBuckets, type BucketRow, type GroupLevel } from "./store/aggregate.ts";
export type { SavedFilter } from "./store/filters.ts";
export { REPORT_PATH } from "./routes/device.ts";
export { batchWithoutPledges } from "./pledges.ts";
