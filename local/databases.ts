import type { Engine } from "../config/databases";
import type { ImageName } from "./images";

/** Images of databases by version, for each engine. Each image by digest. */
export type DatabaseImages = Record<Engine, Record<string, string>>;

/** What the embedded cluster has of an engine. */
interface Offer {
  /** Image that is made for real nodes; undefined when there is none, so that only simulated ones, which run nothing, have the engine. */
  image?: Extract<ImageName, "postgres" | "mariadb" | "redis">;
  /** Version of the server that Debian 12 has, or that simulated nodes pretend to, as a config would name it. */
  version: string;
}

/** The databases of the embedded cluster. */
export const offers: Record<Engine, Offer> = {
  postgresql: { image: "postgres", version: "15" },
  mariadb: { image: "mariadb", version: "10.11" },
  redis: { image: "redis", version: "7" },
  mongodb: { version: "7.0" },
  s3: { version: "1" },
};

const engines = Object.keys(offers) as Engine[];

const perEngine = (make: (engine: Engine) => Record<string, string>): DatabaseImages =>
  Object.fromEntries(engines.map((engine) => [engine, make(engine)])) as DatabaseImages;

/** Images by engine and version, out of images by name. */
export function imagesByEngine(images: Partial<Record<ImageName, { ref: string }>>): DatabaseImages {
  return perEngine((engine) => {
    const { image, version } = offers[engine];
    const built = image && images[image];
    return built === undefined ? {} : { [version]: built.ref };
  });
}

/** Engines of which there is no image although one can be made. */
export function missingEngines(wanted: readonly Engine[], images: DatabaseImages): Engine[] {
  return wanted.filter((engine) => offers[engine].image !== undefined && Object.keys(images[engine]).length === 0);
}

/** Images that engines are run from. */
export function imagesOf(wanted: readonly Engine[]): ImageName[] {
  return wanted.flatMap((engine) => offers[engine].image ?? []);
}

/** Engines of which there is an image. */
export function offeredEngines(images: DatabaseImages): Engine[] {
  return engines.filter((engine) => Object.keys(images[engine]).length > 0);
}

/** The same with what is in another one, engine by engine. */
export function withImages(images: DatabaseImages, more: DatabaseImages): DatabaseImages {
  return perEngine((engine) => (Object.keys(more[engine]).length > 0 ? more[engine] : images[engine]));
}

/**
 * What a simulated cluster calls its images of databases: no container is ever made from them, but a reference by digest must be
 * well-formed.
 */
export const simulatedImages: DatabaseImages = perEngine((engine) => {
  const { image, version } = offers[engine];
  return { [version]: `localhost/berth/simulated-${image ?? engine}@sha256:${"0".repeat(64)}` };
});
