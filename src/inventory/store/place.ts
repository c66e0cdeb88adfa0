import { sql, type SQL } from "drizzle-orm";
import { keyOf, valuePath } from "../attributes.ts";
import { EARTH_RADIUS_M } from "../search/geo.ts";
import type { PlaceTerm } from "../search/terms.ts";

const SCOPES = ["inventory", "tags", "identity"] as const;

const latitudeKeys = SCOPES.map((scope) => keyOf(scope, "geo-lat"));

/** Devices with a latitude, as a condition on searchable values `v`. */
export const HAS_LATITUDE: SQL = sql.raw(
  `v.key IN (${latitudeKeys.map((key) => `'${key}'`).join(", ")})`, // constants of this file
);

const coordinate = (name: string): SQL =>
  sql`coalesce(${sql.join(
    SCOPES.map((scope) => sql`json_extract(d.attributes, ${valuePath(keyOf(scope, name))})`),
    sql`, `,
  )})`;

/** A coordinate may be a number or a text that is one. */
const isNumeric = (value: SQL): SQL => sql`${value} GLOB '*[0-9]*' AND ${value} NOT GLOB '*[^-+.0-9eE]*'`;

/** A place as a condition on the row `d` of a device. */
export function atPlace({ south, north, west, east, circle }: PlaceTerm): SQL {
  const [lat, lon] = [sql.raw("p.lat"), sql.raw("p.lon")];
  const between = west <= east ? sql`BETWEEN ${west} AND ${east}` : sql`NOT BETWEEN ${east} AND ${west}`;
  const inCircle = circle ? sql`AND ${distance(circle)} <= ${circle.metres}` : sql``;
  return sql`EXISTS (
    SELECT 1 FROM (
      SELECT CAST(c.lat AS REAL) AS lat, CAST(c.lon AS REAL) AS lon
      FROM (SELECT ${coordinate("geo-lat")} AS lat, ${coordinate("geo-lon")} AS lon) c
      WHERE ${isNumeric(sql.raw("c.lat"))} AND ${isNumeric(sql.raw("c.lon"))}) p
    WHERE ${lat} BETWEEN ${south} AND ${north} AND ${lon} ${between} ${inCircle})`;
}

/** Metres along the great circle. */
const distance = ({ latitude, longitude }: { latitude: number; longitude: number }): SQL => {
  const half = (from: SQL, to: number) => sql`pow(sin(radians(${from} - ${to}) / 2), 2)`;
  const [lat, lon] = [sql.raw("p.lat"), sql.raw("p.lon")];
  return sql`${2 * EARTH_RADIUS_M} * asin(min(1.0, sqrt(
    ${half(lat, latitude)} + cos(radians(${latitude})) * cos(radians(${lat})) * ${half(lon, longitude)})))`;
};
