/**
 * Resources that are disposed of together, the last first: what was opened so far, until everything
 * has been opened. `DisposableStack` does the same, but Node.js 22 and some browsers lack it.
 *
 * @example
 * ```ts
 * import { Disposables } from "./disposables.ts";
 *
 * const file = { [Symbol.dispose]: () => console.log("closed") };
 * {
 *   using opened = new Disposables();
 *   opened.use(file);
 *   // closed
 * }
 * ```
 */
export class Disposables implements Disposable {
  #resources: Disposable[] = [];

  /** Adds a resource and returns it. */
  use<Resource extends Disposable>(resource: Resource): Resource {
    this.#resources.push(resource);
    return resource;
  }

  /** Moves all resources to a new object, so that this one disposes of none. */
  move(): Disposables {
    const moved = new Disposables();
    [moved.#resources, this.#resources] = [this.#resources, []];
    return moved;
  }

  /** Disposes of all resources, and throws the first error after that. */
  dispose(): void {
    const resources = this.#resources.toReversed();
    this.#resources = [];
    const errors: unknown[] = [];
    for (const resource of resources) {
      try {
        resource[Symbol.dispose]();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** As {@linkcode dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
