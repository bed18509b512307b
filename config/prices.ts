/*
 * List prices of AWS in US dollars, without taxes, discounts and free tiers, each with its source. A price list changes without notice, so every
 * estimate made of them names source and date; the AWS Pricing Calculator has the present ones.
 */

/** Hours that a month has on average: 8760 hours of a year by 12, as the AWS Pricing Calculator counts. */
export const HOURS_PER_MONTH = 730;

/** Where a price was read. */
export interface PriceSource {
  /** Document and version. */
  document: string;
  /** Day of the document, or on which it was read: `2026-09-25`. */
  date: string;
}

const EC2_LIST: PriceSource = {
  document: "AWS Price List, offer AmazonEC2, version 20260925174521",
  date: "2026-09-25",
};
const VPC_LIST: PriceSource = {
  document: "AWS Price List, offer AmazonVPC, version 20260917190528",
  date: "2026-09-17",
};
const VPC_PAGE: PriceSource = { document: "Amazon VPC pricing (aws.amazon.com/vpc/pricing)", date: "2026-10-01" };
const PRIVATELINK_PAGE: PriceSource = {
  document: "AWS PrivateLink pricing (aws.amazon.com/privatelink/pricing)",
  date: "2026-10-06",
};
const EKS_PAGE: PriceSource = { document: "Amazon EKS pricing (aws.amazon.com/eks/pricing)", date: "2026-10-06" };
const KMS_PAGE: PriceSource = { document: "AWS KMS pricing (aws.amazon.com/kms/pricing)", date: "2026-06-01" };
const CLOUDWATCH_PAGE: PriceSource = {
  document: "Amazon CloudWatch pricing (aws.amazon.com/cloudwatch/pricing)",
  date: "2026-06-01",
};
const ECR_PAGE: PriceSource = { document: "Amazon ECR pricing (aws.amazon.com/ecr/pricing)", date: "2026-03-01" };
const KARPENTER_TABLE: PriceSource = {
  document:
    "on-demand prices of us-east-1 that Karpenter v1.15.1 was generated with (github.com/aws/karpenter-provider-aws)",
  date: "2026-07-20",
};
const SPOT_FEED: PriceSource = { document: "EC2 Spot price feed, m7i.xlarge in us-east-1", date: "2026-09-28" };

/** The price of one unit of something. */
interface ListedPrice {
  /** In us-east-1. */
  usd: number;
  source: PriceSource;
  /** Regions whose price was looked up too. `true`: the same in all regions. */
  elsewhere: Readonly<Record<string, number>> | true;
}

/** Unit prices other than those of instances. */
const LISTED = {
  /** One hour of a control plane in standard support; bills of eu-south-2 and eu-west-2 show the same price. */
  controlPlaneHour: { usd: 0.1, source: EKS_PAGE, elsewhere: true },
  /** One hour of a control plane in extended support. */
  extendedControlPlaneHour: { usd: 0.6, source: EKS_PAGE, elsewhere: true },
  natGatewayHour: {
    usd: 0.045,
    source: EC2_LIST,
    elsewhere: {
      "eu-north-1": 0.046,
      "eu-west-1": 0.048,
      "ap-south-1": 0.056,
      "sa-east-1": 0.093,
    },
  },
  /** One GB through a NAT gateway; in each region looked up as much as an hour of it. */
  natGatewayGB: {
    usd: 0.045,
    source: EC2_LIST,
    elsewhere: {
      "eu-north-1": 0.046,
      "eu-west-1": 0.048,
      "ap-south-1": 0.056,
      "sa-east-1": 0.093,
    },
  },
  publicAddressHour: { usd: 0.005, source: VPC_LIST, elsewhere: true },
  /** One hour of an interface endpoint in one zone. */
  interfaceEndpointHour: { usd: 0.01, source: PRIVATELINK_PAGE, elsewhere: { "us-west-2": 0.01 } },
  /** One GB that crosses a zone's border, counted in each direction. */
  betweenZonesGB: { usd: 0.01, source: VPC_PAGE, elsewhere: true },
  gp3GBMonth: {
    usd: 0.08,
    source: EC2_LIST,
    elsewhere: { "eu-north-1": 0.0836, "ap-south-1": 0.0912, "ap-northeast-2": 0.0912, "sa-east-1": 0.152 },
  },
  /** One customer managed key; each of its first two rotations adds as much. */
  kmsKeyMonth: { usd: 1, source: KMS_PAGE, elsewhere: true },
  logsGB: { usd: 0.5, source: CLOUDWATCH_PAGE, elsewhere: {} },
  logsGBMonth: { usd: 0.03, source: CLOUDWATCH_PAGE, elsewhere: {} },
  imagesGBMonth: { usd: 0.1, source: ECR_PAGE, elsewhere: {} },
} satisfies Record<string, ListedPrice>;

/** What {@link unitPrice} knows. */
export type PricedUnit = keyof typeof LISTED;

/**
 * On-demand prices of the `xlarge` size in us-east-1, by family. Sizes of a family cost in proportion: a `large` half of it, a `2xlarge` twice;
 * the table that these are from has no exception to that in these families.
 */
const XLARGE_HOUR: Readonly<Record<string, number>> = {
  t3: 0.1664,
  t3a: 0.1504,
  t4g: 0.1344,
  m5: 0.192,
  m5a: 0.172,
  m6a: 0.1728,
  m6g: 0.154,
  m6i: 0.192,
  m7a: 0.23184,
  m7g: 0.1632,
  m7i: 0.2016,
  "m7i-flex": 0.19152,
  m8g: 0.17952,
  c5: 0.17,
  c5a: 0.154,
  c6a: 0.153,
  c6g: 0.136,
  c6i: 0.17,
  c7a: 0.20528,
  c7g: 0.145,
  c7i: 0.1785,
  "c7i-flex": 0.16958,
  r5: 0.252,
  r5a: 0.226,
  r6a: 0.2268,
  r6g: 0.2016,
  r6i: 0.252,
  r7a: 0.3043,
  r7g: 0.2142,
  r7i: 0.2646,
};

/**
 * How many times its price in us-east-1 an instance costs in a region: m7i.xlarge in the AWS Price List (offer AmazonEC2, version 20260925174521),
 * c7i.xlarge for ap-northeast-1 and ap-southeast-1; us-east-2 and us-west-2 cost as much as us-east-1. Other families and services differ from it by
 * some percent.
 */
const REGION_FACTORS: Readonly<Record<string, number>> = {
  "us-east-1": 1,
  "us-east-2": 1,
  "us-west-2": 1,
  "eu-north-1": 0.2142 / 0.2016,
  "eu-west-1": 0.2247 / 0.2016,
  "eu-central-1": 0.2415 / 0.2016,
  "ap-south-1": 0.2121 / 0.2016,
  "ap-southeast-1": 0.2058 / 0.1785,
  "ap-northeast-1": 0.2247 / 0.1785,
  "sa-east-1": 0.3213 / 0.2016,
};

/** The factor of regions that {@link REGION_FACTORS} has no figure for. An assumption: that of eu-central-1, above most others. */
const OTHER_REGIONS_FACTOR = 1.2;

/**
 * What an instance costs as spot, by its on-demand price: 0.0897 USD by 0.2016 USD. Spot prices are each zone's own and change hourly, so this is no
 * more than an assumption.
 */
const SPOT_FACTOR = 0.0897 / 0.2016;

/**
 * How sure a price is: `listed` was read for this region; `factor` is the price of us-east-1 times the region's factor; `assumed` has an assumption
 * in it.
 */
export type PriceBasis = "listed" | "factor" | "assumed";

/** A price, and where it comes from. */
export interface Price {
  usd: number;
  basis: PriceBasis;
  source: PriceSource;
}

/** How many times its price in us-east-1 something costs in a region. */
export function regionFactor(region: string): { factor: number; basis: PriceBasis } {
  const known = REGION_FACTORS[region];
  if (known === undefined) return { factor: OTHER_REGIONS_FACTOR, basis: "assumed" };
  return { factor: known, basis: region === "us-east-1" ? "listed" : "factor" };
}

/** What one unit costs in a region. */
export function unitPrice(unit: PricedUnit, region: string): Price {
  const { usd, source, elsewhere }: ListedPrice = LISTED[unit];
  if (elsewhere === true || region === "us-east-1") return { usd, source, basis: "listed" };
  const listed = elsewhere[region];
  if (listed !== undefined) return { usd: listed, source, basis: "listed" };
  const { factor, basis } = regionFactor(region);
  return { usd: usd * factor, source, basis };
}

/**
 * What one hour of an instance costs in a region.
 *
 * @param type such as `m7i.large`
 * @returns undefined for a type that no price is known of
 */
export function instancePrice(type: string, capacity: "on-demand" | "spot", region: string): Price | undefined {
  const [, family, size] = /^([a-z0-9-]+)\.(medium|large|(?:\d+)?xlarge)$/.exec(type) ?? [];
  const xlarge = XLARGE_HOUR[family ?? ""];
  if (xlarge === undefined || size === undefined) return undefined;
  const { factor, basis } = regionFactor(region);
  const onDemand = xlarge * xlargesOf(size) * factor;
  return capacity === "on-demand"
    ? { usd: onDemand, basis, source: KARPENTER_TABLE }
    : { usd: onDemand * SPOT_FACTOR, basis: "assumed", source: SPOT_FEED };
}

function xlargesOf(size: string): number {
  if (size === "medium") return 0.25;
  if (size === "large") return 0.5;
  return Number(/^\d+/.exec(size)?.[0] ?? 1);
}
