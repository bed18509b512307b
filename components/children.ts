import type * as pulumi from "@pulumi/pulumi";

/**
 * The last word on one child of a component: gets the arguments and options that the component would use, gives those that are
 * used.
 *
 * @example
 * ```ts
 * deployment: (args, opts) => ({ args: { ...args, metadata: { ...args.metadata, annotations: { team: "a" } } }, opts })
 * ```
 */
export type Transform<Args> = (
  args: Args,
  opts: pulumi.CustomResourceOptions,
) => { args: Args; opts: pulumi.CustomResourceOptions };

/** A resource class of a provider. */
type ResourceClass<Args, Resource> = new (name: string, args: Args, opts: pulumi.CustomResourceOptions) => Resource;

/** A resource class of a provider, as far as it reads what exists. */
interface Readable<Resource> {
  get(name: string, id: string, opts: pulumi.CustomResourceOptions): Resource;
}

/** Registers children of one component: named after it, parented to it, transformed where asked. */
export class Children {
  constructor(
    private readonly name: string,
    private readonly parent: pulumi.ComponentResource,
    private readonly options: pulumi.CustomResourceOptions = {},
  ) {}

  /** The same, with further options for each child. */
  with(options: pulumi.CustomResourceOptions): Children {
    return new Children(this.name, this.parent, { ...this.options, ...options });
  }

  /**
   * Registers one child, named `{component}-{suffix}`.
   *
   * @param transform changes arguments and options last
   */
  add<Args, Resource>(
    resourceClass: ResourceClass<Args, Resource>,
    suffix: string,
    args: Args,
    transform?: Transform<Args>,
  ): Resource {
    const opts = { ...this.options, parent: this.parent };
    const last = transform ? transform(args, opts) : { args, opts };
    return new resourceClass(`${this.name}-${suffix}`, last.args, last.opts);
  }

  /**
   * Reads an object that exists and belongs to somebody else, anew at each update, named `{component}-{suffix}`. It is never changed
   * or deleted.
   *
   * @param id what the provider finds it by
   * @param secret outputs that are secret in state besides those that the provider takes for such
   */
  read<Resource>(resourceClass: Readable<Resource>, suffix: string, id: string, secret: string[] = []): Resource {
    const opts = { parent: this.parent, additionalSecretOutputs: secret };
    return resourceClass.get(`${this.name}-${suffix}`, id, opts);
  }
}
