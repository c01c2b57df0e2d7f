/**
 * Compiles assembly/ to the three kernel modules in src/engine/kernels/, and bench/assembly/ to the
 * peak probe of the benchmarks.
 *
 *     deno task build
 *
 * All kernel modules have the same sources; assembly/simd.ts explains the two names that differ. The
 * modules are committed, so that a first use needs no build. A test compiles the sources and compares
 * the bytes.
 */
import asc from "assemblyscript/asc";

/** Each module's file and entry point, and what `Real` and `FUSED` are in its sources. */
const variants = [
  { path: "src/engine/kernels/f32.wasm", entry: "assembly/index.ts", real: "f32", fused: 1 },
  { path: "src/engine/kernels/f32-strict.wasm", entry: "assembly/index.ts", real: "f32", fused: 0 },
  { path: "src/engine/kernels/f64.wasm", entry: "assembly/index.ts", real: "f64", fused: 0 },
  { path: "bench/peak/peak.wasm", entry: "bench/assembly/peak.ts", real: "f32", fused: 1 },
] as const;

/**
 * Compiles all modules in memory.
 *
 * @returns The bytes of each module, by the path of its file.
 * @throws {Error} With the compiler's messages, if the sources do not compile.
 */
export async function compile(): Promise<Map<string, Uint8Array>> {
  const modules = new Map<string, Uint8Array>();
  for (const { path, entry, real, fused } of variants) {
    const options = [
      entry,
      ...["--outFile", path],
      ...["--use", `Real=${real}`, "--use", `FUSED=${fused}`],
      ...["--enable", fused ? "simd,threads,relaxed-simd" : "simd,threads"],
      // The host creates the memory, whose size depends on the model; 65536 pages are the 4 GiB that
      // an address can reach.
      ...[
        "--importMemory",
        "--sharedMemory",
        "--initialMemory",
        "1",
        "--maximumMemory",
        "65536",
      ],
      // Kernels neither allocate nor assert; the host checks all arguments.
      ...["--runtime", "stub", "--noAssert", "-O3", "--converge"],
    ];
    const { error, stderr } = await asc.main(options, {
      readFile: (source, base) => {
        try {
          return Deno.readTextFileSync(`${base}/${source}`);
        } catch {
          return null; // The compiler tries several names for each import.
        }
      },
      writeFile: (_name, contents) => {
        modules.set(path, contents as Uint8Array);
      },
      listFiles: () => null,
    });
    if (error) throw new Error(`Cannot compile ${path}: ${stderr.toString()}`);
  }
  return modules;
}

if (import.meta.main) {
  for (const [path, bytes] of await compile()) {
    await Deno.writeFile(path, bytes);
    console.log(`${path}: ${bytes.length} bytes`);
  }
}
