import { ZONE_LETTERS, zoneLetter } from "../../config/aws-regions";
import { parseCidr, part, sizeOf } from "../../config/cidr";

/**
 * Prefix lengths of a VPC from which subnets are planned. AWS takes nothing larger than a /16 ("VPC CIDR blocks", Amazon VPC User
 * Guide). In a VPC smaller than a /19, the half of a zone's private subnet that is kept for pods holds fewer than {@link
 * MIN_FULL_NODES} full nodes.
 */
export const VPC_PREFIXES = { widest: 16, narrowest: 19 } as const;

/**
 * Addresses that a node with 110 pods takes with the VPC CNI's prefix delegation: a /28 for every 16 pods, and one kept warm
 * ("Prefix Mode for Linux", Amazon EKS Best Practices Guide).
 */
export const FULL_NODE_ADDRESSES = (Math.ceil(110 / 16) + 1) * 16;

/** Full nodes that each zone has room for in the smallest VPC. */
export const MIN_FULL_NODES = 4;

/** Subnets that EKS recommends for the control plane's network interfaces alone ("Amazon EKS networking requirements"). */
const CONTROL_PLANE_PREFIX = 28;

/** Eighths of the VPC: one for each zone's private subnet, then one for public subnets and one for small ones. */
const [PUBLIC_EIGHTH, SMALL_EIGHTH] = [ZONE_LETTERS.length, ZONE_LETTERS.length + 1];

/** Ranges that belong to one zone. */
export interface ZoneRanges {
  /** Nodes, pods and internal load balancers. */
  private: string;
  /**
   * The upper half of the private range, kept for the /28 prefixes of pods. Single addresses scattered over a whole subnet would
   * leave no /28 in one piece ("Subnet CIDR reservations", Amazon VPC User Guide).
   */
  pods: string;
  /** Load balancers that face the internet, and the NAT gateway. */
  public: string;
  /** The control plane's network interfaces. */
  controlPlane: string;
}

/**
 * Decides which ranges belong to each zone. A zone's ranges follow from its letter alone, so zones can come and go in any order
 * without moving others.
 *
 * @param cidr range of the VPC, of a size in {@link VPC_PREFIXES}
 * @param zones full names, each once
 * @returns ranges by zone
 * @throws RangeError when the range is none, or too small to be cut so, or a zone is none
 * @example planSubnets("10.0.0.0/16", ["eu-central-1b"])["eu-central-1b"].private // "10.0.32.0/19"
 */
export function planSubnets(cidr: string, zones: readonly string[]): Record<string, ZoneRanges> {
  const prefix = parseCidr(cidr)?.prefix ?? 0;
  const eighth = (index: number) => part(cidr, prefix + 3, index);
  return Object.fromEntries(
    zones.map((zone) => {
      const letter = ZONE_LETTERS.indexOf(zoneLetter(zone));
      const ranges: ZoneRanges = {
        private: eighth(letter),
        pods: part(eighth(letter), prefix + 4, 1),
        public: part(eighth(PUBLIC_EIGHTH), prefix + 6, letter),
        controlPlane: part(eighth(SMALL_EIGHTH), CONTROL_PLANE_PREFIX, letter),
      };
      return [zone, ranges];
    }),
  );
}

/** Nodes with 110 pods each that fit into a range that is kept for pods. */
export function fullNodes(pods: string): number {
  return Math.floor(sizeOf(pods) / FULL_NODE_ADDRESSES);
}
