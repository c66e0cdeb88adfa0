import { GROUP_SCHEMA, LIST_SCHEMA, USER_SCHEMA } from "./schema.ts";

const CORE = "urn:ietf:params:scim:schemas:core:2.0";

export const serviceProviderConfig = (base: string) => ({
  schemas: [`${CORE}:ServiceProviderConfig`],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 100 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    {
      type: "oauthbearertoken",
      name: "Bearer token",
      description: "A token that an administrator of the tenant has made",
      primary: true,
    },
  ],
  meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
});

const resourceType = (base: string, id: string, schema: string) => ({
  schemas: [`${CORE}:ResourceType`],
  id,
  name: id,
  endpoint: `/${id}s`,
  schema,
  meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${id}` },
});

export const resourceTypes = (base: string) => [
  resourceType(base, "User", USER_SCHEMA),
  resourceType(base, "Group", GROUP_SCHEMA),
];

const attribute = (name: string, more: object = {}) => ({
  name,
  type: "string",
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: "readWrite",
  returned: "default",
  uniqueness: "none",
  ...more,
});

const schema = (base: string, id: string, name: string, attributes: object[]) => ({
  schemas: [`${CORE}:Schema`],
  id,
  name,
  attributes,
  meta: { resourceType: "Schema", location: `${base}/Schemas/${id}` },
});

export const schemas = (base: string) => [
  schema(base, USER_SCHEMA, "User", [
    attribute("userName", { required: true, uniqueness: "server" }),
    attribute("externalId", { caseExact: true }),
    attribute("active", { type: "boolean" }),
    attribute("emails", {
      type: "complex",
      multiValued: true,
      mutability: "readOnly",
      subAttributes: [attribute("value"), attribute("type"), attribute("primary", { type: "boolean" })],
    }),
    attribute("groups", {
      type: "complex",
      multiValued: true,
      mutability: "readOnly",
      subAttributes: [attribute("value"), attribute("display")],
    }),
  ]),
  schema(base, GROUP_SCHEMA, "Group", [
    attribute("displayName", { required: true, uniqueness: "server" }),
    attribute("externalId", { caseExact: true }),
    attribute("members", {
      type: "complex",
      multiValued: true,
      subAttributes: [attribute("value", { mutability: "immutable" }), attribute("display")],
    }),
  ]),
];

export const listOf = (resources: readonly object[]) => ({
  schemas: [LIST_SCHEMA],
  totalResults: resources.length,
  startIndex: 1,
  itemsPerPage: resources.length,
  Resources: resources,
});
