/** AWS regions and availability zones by name. */

/**
 * Regions of the commercial partition `aws`, as the service model of botocore lists them (`botocore/data/partitions.json`,
 * botocore 1.44.5). China and GovCloud are left out: their ARNs and endpoint names have another form.
 */
export const REGIONS = [
  "af-south-1",
  "ap-east-1",
  "ap-east-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-south-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ap-southeast-5",
  "ap-southeast-6",
  "ap-southeast-7",
  "ca-central-1",
  "ca-west-1",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-south-1",
  "eu-south-2",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "il-central-1",
  "me-central-1",
  "me-south-1",
  "me-west-1",
  "mx-central-1",
  "sa-east-1",
  "sa-west-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
] as const;

/** A region's name. */
export type Region = (typeof REGIONS)[number];

/**
 * Letters by which zones of a region are told apart. A zone is called by its region and one letter ("Regions and Zones", Amazon
 * EC2 User Guide); us-east-1 has the most zones, a to f. Local Zones and Wavelength Zones have longer names; EKS
 * has neither control planes nor managed node groups there, so they are not zones here.
 */
export const ZONE_LETTERS = ["a", "b", "c", "d", "e", "f"] as const;

/** Letter at the end of a zone's name. */
export type ZoneLetter = (typeof ZONE_LETTERS)[number];

/** Whether `text` is a region of the commercial partition. */
export function isRegion(text: string): text is Region {
  return (REGIONS as readonly string[]).includes(text);
}

/** Whether `zone` could be an availability zone of `region`. Which letters an account really has, only AWS knows. */
export function isZoneOf(region: string, zone: string): boolean {
  return ZONE_LETTERS.some((letter) => zone === `${region}${letter}`);
}

/** The region that a zone's name begins with; undefined when it is no zone of a known region. */
export function regionOf(zone: string): Region | undefined {
  return REGIONS.find((region) => isZoneOf(region, zone));
}

/**
 * The letter that tells a zone from the others of its region.
 *
 * @throws RangeError when the name is no zone's
 */
export function zoneLetter(zone: string): ZoneLetter {
  const letter = ZONE_LETTERS.find((one) => zone.endsWith(one));
  if (letter === undefined || regionOf(zone) === undefined) {
    throw new RangeError(`"${zone}" is not an availability zone such as eu-central-1a`);
  }
  return letter;
}
