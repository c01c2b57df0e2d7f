/**
 * Pickles of a state dict, in protocol 2 (https://docs.python.org/3/library/pickletools.html): an
 * `OrderedDict` of tensors, which has strings as attributes. They name only what PyTorch's loader
 * allows with `weights_only=True`.
 */

/** A tensor whose numbers are in a file of the archive. */
export interface StoredTensor {
  /** The class of its storage in `torch`: `FloatStorage` or `DoubleStorage`. */
  readonly storage: string;
  /** The name of the file. */
  readonly key: string;
  /** Length of each dimension; the numbers are row-major. */
  readonly shape: readonly number[];
}

const PROTO = 0x80;
const STOP = 0x2e;
const GLOBAL = 0x63;
const MARK = 0x28;
const TUPLE = 0x74;
const EMPTY_TUPLE = 0x29;
const REDUCE = 0x52;
const SET_ITEMS = 0x75;
const PERSISTENT_ID = 0x51;
const UNICODE = 0x58;
const LONG = 0x8a;
const FALSE = 0x89;
const EMPTY_DICT = 0x7d;
const BUILD = 0x62;

/** Encodes an `OrderedDict` of tensors by name, with strings as its attributes. */
export function pickleStateDict(
  tensors: ReadonlyMap<string, StoredTensor>,
  attributes: Readonly<Record<string, string>>,
): Uint8Array {
  const pickle = new Pickle();
  pickle.push(PROTO, 2);
  pickle.orderedDict();
  pickle.push(MARK);
  for (const [name, tensor] of tensors) {
    pickle.text(name);
    pickle.tensor(tensor);
  }
  pickle.push(SET_ITEMS);
  pickle.push(EMPTY_DICT, MARK);
  for (const word of Object.entries(attributes).flat()) pickle.text(word);
  pickle.push(SET_ITEMS, BUILD, STOP);
  return pickle.finish();
}

class Pickle {
  readonly #bytes: number[] = [];

  push(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  orderedDict(): void {
    this.global("collections", "OrderedDict");
    this.push(EMPTY_TUPLE, REDUCE);
  }

  /** torch._utils._rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks) */
  tensor({ storage, key, shape }: StoredTensor): void {
    const length = shape.reduce((product, size) => product * size, 1);
    this.global("torch._utils", "_rebuild_tensor_v2");
    this.push(MARK);
    this.push(MARK);
    this.text("storage");
    this.global("torch", storage);
    this.text(key);
    this.text("cpu");
    this.int(length);
    this.push(TUPLE, PERSISTENT_ID);
    this.int(0);
    this.tuple(shape);
    this.tuple(shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1)));
    this.push(FALSE);
    this.orderedDict();
    this.push(TUPLE, REDUCE);
  }

  tuple(values: readonly number[]): void {
    this.push(MARK);
    for (const value of values) this.int(value);
    this.push(TUPLE);
  }

  /** A whole number, 0 or above, as two's complement of as few bytes as it takes. */
  int(value: number): void {
    const bytes: number[] = [];
    for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
    if ((bytes.at(-1) ?? 0) >= 128) bytes.push(0);
    this.push(LONG, bytes.length, ...bytes);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length, true);
    this.push(UNICODE, ...length, ...bytes);
  }

  global(module: string, name: string): void {
    this.push(GLOBAL, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }
}
