import type { Precision } from "../../model/parameters.ts";

/** The compiled kernels of some precisions. */
export interface KernelModules {
  /**
   * The precision whose kernels compute for a requested one: `f32-strict` for `f32` where the
   * processor or the runtime does not fuse multiply and add, or the kernels that do are missing; else
   * the same. So the bits of `f32` are the same wherever a model is said to have been computed in it.
   *
   * @throws {Error} If there are no kernels for it, or the runtime lacks SIMD.
   */
  readonly supportedPrecision: (precision: Precision) => Precision;
  /**
   * The module of a precision, or of the one that replaces it. It is compiled when it is first used.
   *
   * @throws {Error} As `supportedPrecision` does.
   */
  readonly kernelModule: (precision: Precision) => WebAssembly.Module;
}

/**
 * Makes the compiled kernels of some precisions available.
 *
 * @param sources The bytes of each module, as hexadecimal digits.
 */
export function kernelModules(
  sources: Readonly<Partial<Record<Precision, string>>>,
): KernelModules {
  /** The modules that were compiled; `null` for one that this runtime cannot run. */
  const compiled = new Map<Precision, WebAssembly.Module | null>();

  function moduleOf(precision: Precision): WebAssembly.Module | null {
    let module = compiled.get(precision);
    if (module === undefined) {
      const digits = sources[precision];
      compiled.set(precision, module = digits === undefined ? null : compile(digits));
    }
    return module;
  }

  function supportedPrecision(precision: Precision): Precision {
    if (precision === "f32" && !fusesMultiplyAdd() && moduleOf("f32-strict") !== null) {
      return "f32-strict";
    }
    if (moduleOf(precision) !== null) return precision;
    if (precision === "f32" && moduleOf("f32-strict") !== null) return "f32-strict";
    if (sources[precision] === undefined) {
      throw new Error(
        `Cannot compute in ${precision}: this entry of the package has no kernels for it; import ` +
          "from the main entry",
      );
    }
    throw new Error(
      "Cannot compute: this runtime has no WebAssembly SIMD or no WebAssembly threads; use a newer " +
        "one",
    );
  }

  const kernelModule = (precision: Precision) => moduleOf(supportedPrecision(precision))!;
  return { kernelModule, supportedPrecision };
}

/**
 * Compiles a module; `null` if the runtime lacks its instructions.
 *
 * @throws {Error} If a page forbids to compile any.
 */
function compile(digits: string): WebAssembly.Module | null {
  const bytes = bytesOf(digits);
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    if (!WebAssembly.validate(bytes)) return null;
    throw new Error(
      "Cannot compute: this page forbids WebAssembly; its Content-Security-Policy must have " +
        "'wasm-unsafe-eval' in script-src",
      { cause: error },
    );
  }
}

/**
 * A module of one function, `f(a, c)`, which returns a·a + c by `f32x4.relaxed_madd`: the type
 * (f32, f32) → f32, the function, its export, and its code.
 */
const MULTIPLY_ADD = "0061736d01000000" + "010701" + "60027d7d017d" + "03020100" +
  "07050101660000" +
  "0a1601" + "1400" + "2000fd13" + "2000fd13" + "2001fd13" + "fd8502" + "fd1f00" + "0b";

let isFused: boolean | undefined;

/**
 * Whether a multiply-add of relaxed SIMD rounds once. It depends on the processor and the runtime:
 * Bun and WebKit round twice on x86-64, and every runtime does on processors without the instruction.
 */
function fusesMultiplyAdd(): boolean {
  if (isFused === undefined) {
    const module = compile(MULTIPLY_ADD);
    if (module === null) return isFused = false;
    const { f } = new WebAssembly.Instance(module).exports as {
      readonly f: (a: number, c: number) => number;
    };
    // (1 + 2^-12)² is 1 + 2^-11 + 2^-24, whose last term is lost where the product is rounded.
    isFused = f(1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24;
  }
  return isFused;
}

/**
 * The bytes that hexadecimal digits stand for.
 *
 * @param digits An even number of digits, in lower case.
 *
 * @example
 * ```ts
 * import { bytesOf } from "./compile.ts";
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
