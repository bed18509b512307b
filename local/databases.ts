import type { Engine } from "../config/databases";
import type { ImageName } from "./images";

/** Images of databases by version, for each engine. Each image by digest. */
export type DatabaseImages = Record<Engine, Record<string, string>>;

/** What the embedded cluster has of an engine. */
interface Offer {
  image: Extract<ImageName, "postgres" | "mariadb" | "redis" | "ferretdb" | "versitygw">;
  /** Version of the server that Debian 12 has, or that a Go module is, as a config would name it. */
  version: string;
}

/** The databases of the embedded cluster. */
export const offers: Record<Engine, Offer> = {
  postgresql: { image: "postgres", version: "15" },
  mariadb: { image: "mariadb", version: "10.11" },
  redis: { image: "redis", version: "7" },
  // The version of MongoDB whose protocol it speaks, which is what it says to clients.
  mongodb: { image: "ferretdb", version: "7.0" },
  s3: { image: "versitygw", version: "1" },
};

const engines = Object.keys(offers) as Engine[];

const perEngine = (make: (engine: Engine) => Record<string, string>): DatabaseImages =>
  Object.fromEntries(engines.map((engine) => [engine, make(engine)])) as DatabaseImages;

/** Images by engine and version, out of images by name. */
export function imagesByEngine(images: Partial<Record<ImageName, { ref: string }>>): DatabaseImages {
  const of = (engine: Engine): Record<string, string> => {
    const { image, version } = offers[engine];
    const built = images[image];
    return built === undefined ? {} : { [version]: built.ref };
  };
  return perEngine(of);
}

/** Engines of which there is no image. */
export function missingEngines(wanted: readonly Engine[], images: DatabaseImages): Engine[] {
  return wanted.filter((engine) => Object.keys(images[engine]).length === 0);
}

/** Engines of which there is an image. */
export function offeredEngines(images: DatabaseImages): Engine[] {
  return engines.filter((engine) => Object.keys(images[engine]).length > 0);
}

/** The same with what is in another one, engine by engine. */
export function withImages(images: DatabaseImages, more: DatabaseImages): DatabaseImages {
  const both = (engine: Engine) => (Object.keys(more[engine]).length > 0 ? more[engine] : images[engine]);
  return perEngine(both);
}

/**
 * What a simulated cluster calls its images of databases: no container is ever made from them, but a reference by digest must be
 * well-formed.
 */
export const simulatedImages: DatabaseImages = imagesByEngine(
  Object.fromEntries(
    engines.map((engine) => [
      offers[engine].image,
      { ref: `localhost/berth/simulated-${offers[engine].image}@sha256:${"0".repeat(64)}` },
    ]),
  ),
);

/** The same for the SealedSecrets controller. */
export const simulatedSealedSecrets = `localhost/berth/simulated-sealed-secrets@sha256:${"0".repeat(64)}`;

/** Stands for the egress proxy's image on a cluster with simulated nodes, where nothing is started from it. */
export const simulatedEgressProxy = `localhost/berth/simulated-egress-proxy@sha256:${"0".repeat(64)}`;
