/**
 * Compiles assembly/ to the kernel modules in src/engine/kernels/modules/, and bench/assembly/ to the
 * peak probe of the benchmarks.
 *
 *     deno task build
 *
 * All kernel modules have the same sources; assembly/simd.ts explains `Real` and `FUSED`, in which they
 * differ. The module of the packed entry for sampling has no kernels that train.
 *
 * Loops of the sources are unrolled before they are compiled; see `unrollLoops`.
 *
 * A module is written as a TypeScript file with its bytes, which every runtime and bundler loads
 * without a permission or a loader. The files are committed, so that a first use needs no build. A
 * test compiles the sources and compares the bytes.
 */
import asc from "assemblyscript/asc";
import { checkArguments } from "./project_task.ts";

const root = new URL("./", import.meta.url);
/** Where kernel modules are written. */
const KERNELS = "src/engine/kernels/modules";

/** A module's file and entry point, and what `Real`, `FUSED`, `PHASES` and `TRAINS` are in its sources. */
interface Variant {
  readonly path: string;
  readonly entry: string;
  readonly real: "f32" | "f64";
  readonly fused: 0 | 1;
  /** Default: 0. */
  readonly phases?: 0 | 1;
  /** Default: 1. */
  readonly trains?: 0 | 1;
}

const variants: readonly Variant[] = [
  { path: `${KERNELS}/f32.ts`, entry: "assembly/index.ts", real: "f32", fused: 1 },
  { path: `${KERNELS}/f32_strict.ts`, entry: "assembly/index.ts", real: "f32", fused: 0 },
  {
    path: `${KERNELS}/f32_strict_sampling.ts`,
    entry: "assembly/sampling.ts",
    real: "f32",
    fused: 0,
    trains: 0,
  },
  { path: `${KERNELS}/f64.ts`, entry: "assembly/index.ts", real: "f64", fused: 0 },
  { path: "bench/peak/module.ts", entry: "bench/assembly/peak.ts", real: "f32", fused: 1 },
];

/** The kernels of f32 with the marks of assembly/phases.ts, which `deno task bench-phases` compiles. */
const phasesVariant: Variant = {
  path: "phases",
  entry: "bench/assembly/phases.ts",
  real: "f32",
  fused: 1,
  phases: 1,
};

/**
 * Compiles all modules in memory.
 *
 * @returns The bytes of each module, by the path of its file.
 * @throws {Error} With the compiler's messages, if the sources do not compile.
 */
export async function compile(): Promise<Map<string, Uint8Array>> {
  const modules = new Map<string, Uint8Array>();
  for (const variant of variants) modules.set(variant.path, await compileVariant(variant));
  return modules;
}

/**
 * Compiles the kernels of f32 so that they call `beginPhase` and `endPhase` of the host.
 *
 * @throws {Error} With the compiler's messages, if the sources do not compile.
 */
export function compilePhases(): Promise<Uint8Array<ArrayBuffer>> {
  return compileVariant(phasesVariant);
}

async function compileVariant(
  { path, entry, real, fused, phases = 0, trains = 1 }: Variant,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(0);
  const options = [
    entry,
    ...["--outFile", "module.wasm"],
    ...["--use", `Real=${real}`, "--use", `FUSED=${fused}`],
    ...["--use", `PHASES=${phases}`, "--use", `TRAINS=${trains}`],
    ...["--enable", fused ? "simd,threads,relaxed-simd" : "simd,threads"],
    // The host creates the memory, whose size depends on the model; 65536 pages are the 4 GiB that
    // an address can reach.
    ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
    // Kernels neither allocate nor assert; the host checks all arguments.
    ...["--runtime", "stub", "--noAssert", "-O3", "--converge"],
  ];
  const { error, stderr } = await asc.main(options, {
    readFile: (source, base) => {
      try {
        return unrollLoops(Deno.readTextFileSync(new URL(source, new URL(`${base}/`, root))));
      } catch {
        return null; // The compiler tries several names for each import.
      }
    },
    writeFile: (_name, contents) => {
      bytes = contents as Uint8Array<ArrayBuffer>;
    },
    listFiles: () => null,
  });
  if (error) throw new Error(`Cannot compile ${path}: ${stderr.toString()}`);
  return bytes;
}

/**
 * Repeats the bodies of loops that stand below a comment `unroll: N`. The compiler does not unroll, and
 * by hand the same lines would stand in the sources N times.
 *
 *     // unroll: 2                             do {
 *     do {                                       step();
 *       step();                       becomes    if (!(isLeft())) break;
 *     } while (isLeft());                        step();
 *                                              } while (isLeft());
 *
 *     // unroll: 2                             { const i = 0; if (i < N) { step(i); } }
 *     for (let i = 0; i < N; i++) {   becomes  { const i = 1; if (i < N) { step(i); } }
 *       step(i);
 *     }
 *
 * A loop ends at the first line with the indentation of its first.
 */
export function unrollLoops(source: string): string {
  return source
    .replaceAll(
      /^( *)\/\/ unroll: (\d+)\n\1do \{\n([^]*?)^\1\} while \((.*)\);$/gm,
      (_, indent, count, body, condition) =>
        `${indent}do {\n` + Array(Number(count)).fill(body).join(`if (!(${condition})) break;\n`) +
        `} while (${condition});`,
    )
    .replaceAll(
      /^( *)\/\/ unroll: (\d+)\n\1for \(let (\w+) = 0; (.*); \3\+\+\) \{\n([^]*?)^\1\}$/gm,
      (_, indent, count, name, condition, body) =>
        Array.from(
          { length: Number(count) },
          (_, i) => `${indent}{ const ${name} = ${i}; if (${condition}) {\n${body}} }\n`,
        ).join(""),
    );
}

/**
 * The source of a TypeScript file that exports the bytes of a module.
 *
 * Hexadecimal digits are longer than base64, but stay aligned with bytes, so that they compress to
 * three quarters of its size.
 */
export function moduleSource(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    "// Generated by `deno task build`.",
    "// deno-fmt-ignore-file",
    "/** The bytes of a compiled WebAssembly module, as hexadecimal digits. */",
    `export const digits: string = "${digits}";`,
    "",
  ].join("\n");
}

if (import.meta.main) {
  await checkArguments("build", "Compile the kernels to the modules of the project");
  for (const [path, bytes] of await compile()) {
    await Deno.writeTextFile(path, moduleSource(bytes));
    console.log(`${path}: ${bytes.length} bytes`);
  }
}
