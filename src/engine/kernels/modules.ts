import type { Precision } from "../../model/parameters.ts";
import { digits as f32 } from "./modules/f32.ts";
import { digits as f32Strict } from "./modules/f32_strict.ts";
import { digits as f64 } from "./modules/f64.ts";

/** The bytes of each module, as hexadecimal digits. */
const sources: Readonly<Record<Precision, string>> = { f32, "f32-strict": f32Strict, f64 };

/** The modules that were compiled; `null` for one that this runtime cannot run. */
const compiled = new Map<Precision, WebAssembly.Module | null>();

/**
 * The precision whose kernels this runtime runs for a requested one: `f32-strict` for `f32` where
 * relaxed SIMD instructions are missing, else the same.
 *
 * @throws {Error} If the runtime lacks SIMD, and so can run no kernels.
 *
 * @example
 * ```ts
 * import { supportedPrecision } from "./modules.ts";
 *
 * console.log(supportedPrecision("f64")); // f64
 * ```
 */
export function supportedPrecision(precision: Precision): Precision {
  if (moduleOf(precision) !== null) return precision;
  if (precision === "f32" && moduleOf("f32-strict") !== null) return "f32-strict";
  throw new Error(
    "Cannot compute: this runtime has no WebAssembly SIMD or no WebAssembly threads; use a newer one",
  );
}

/**
 * The module of a precision, or of the one that replaces it; see {@linkcode supportedPrecision}. It
 * is compiled when it is first used.
 *
 * @throws {Error} If the runtime lacks SIMD.
 */
export function kernelModule(precision: Precision): WebAssembly.Module {
  return moduleOf(supportedPrecision(precision))!;
}

function moduleOf(precision: Precision): WebAssembly.Module | null {
  let module = compiled.get(precision);
  if (module === undefined) compiled.set(precision, module = compile(sources[precision]));
  return module;
}

/** Compiles a module; `null` if the runtime lacks its instructions. */
function compile(digits: string): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(bytesOf(digits));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

/**
 * The bytes that hexadecimal digits stand for.
 *
 * @param digits An even number of digits, in lower case.
 *
 * @example
 * ```ts
 * import { bytesOf } from "./modules.ts";
 *
 * console.log(bytesOf("0061736d")); // Uint8Array(4) [ 0, 97, 115, 109 ]
 * ```
 */
export function bytesOf(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = 16 * valueOf(digits.charCodeAt(2 * i)) + valueOf(digits.charCodeAt(2 * i + 1));
  }
  return bytes;
}

/** The value of a digit: 48 is the code of `0`, 97 that of `a`. */
function valueOf(code: number): number {
  return code < 97 ? code - 48 : code - 87;
}
