/**
 * Compiles assembly/ into the three modules of src/engine/kernels/.
 *
 *     deno task build
 *
 * One source gives all three; see assembly/lanes.ts for the two names that differ. The modules are
 * committed, so that nothing has to be built before the first use; a test compiles the sources
 * again and compares the bytes.
 */
import asc from "assemblyscript/asc";

/** A module's name, and what the sources see as `Real` and `FUSED`. */
const variants = [
  { name: "f32", real: "f32", fused: 1 },
  { name: "f32-strict", real: "f32", fused: 0 },
  { name: "f64", real: "f64", fused: 0 },
] as const;

/**
 * Compiles every variant in memory.
 *
 * @returns The bytes of each module, by name.
 * @throws {Error} with the compiler's messages, when the sources do not compile.
 */
export async function compile(): Promise<Map<string, Uint8Array>> {
  const modules = new Map<string, Uint8Array>();
  for (const { name, real, fused } of variants) {
    const options = [
      "assembly/index.ts",
      ...["--outFile", name],
      ...["--use", `Real=${real}`, "--use", `FUSED=${fused}`],
      ...["--enable", fused ? "simd,threads,relaxed-simd" : "simd,threads"],
      // Memory comes from the host, which knows its size only when it knows the model's; 65536
      // pages are the 4 GiB that an address can reach.
      ...[
        "--importMemory",
        "--sharedMemory",
        "--initialMemory",
        "1",
        "--maximumMemory",
        "65536",
      ],
      // Kernels neither allocate nor assert; the host checks everything before it calls.
      ...["--runtime", "stub", "--noAssert", "-O3", "--converge"],
    ];
    const { error, stderr } = await asc.main(options, {
      readFile: (path, base) => {
        try {
          return Deno.readTextFileSync(`${base}/${path}`);
        } catch {
          return null; // The compiler tries several names for each import.
        }
      },
      writeFile: (_path, contents) => {
        modules.set(name, contents as Uint8Array);
      },
      listFiles: () => null,
    });
    if (error) throw new Error(`Cannot compile ${name}: ${stderr.toString()}`);
  }
  return modules;
}

if (import.meta.main) {
  for (const [name, bytes] of await compile()) {
    const path = `src/engine/kernels/${name}.wasm`;
    await Deno.writeFile(path, bytes);
    console.log(`${path}: ${bytes.length} bytes`);
  }
}
