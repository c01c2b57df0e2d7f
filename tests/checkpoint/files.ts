/** Safetensors files made and read without the project's code, to check that code against. */

/** Makes a file of a header, which is not checked, and data. */
export function rawFile(header: string | Uint8Array, data: Uint8Array): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** A tensor as {@linkcode readByHand} reads it. */
export interface FoundTensor {
  readonly dtype: string;
  readonly shape: number[];
  /** Where its data begin, in bytes from the end of the header. */
  readonly begin: number;
  readonly numbers: number[];
  readonly bytes: Uint8Array;
}

/** Reads a valid file number by number. */
export function readByHand(bytes: Uint8Array): {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, FoundTensor>;
  readonly dataStart: number;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataStart = 8 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, dataStart)));
  const tensors = new Map<string, FoundTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: [begin, end] } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const numbers: number[] = [];
    for (let at = dataStart + begin; at < dataStart + end; at += dtype === "F64" ? 8 : 4) {
      numbers.push(dtype === "F64" ? view.getFloat64(at, true) : view.getFloat32(at, true));
    }
    tensors.set(name, {
      dtype,
      shape,
      begin,
      numbers,
      bytes: bytes.slice(dataStart + begin, dataStart + end),
    });
  }
  return { metadata: header["__metadata__"], tensors, dataStart };
}
