/** Each compared program trains the network of unroll: it computes the same losses. */
import { type Library, listPrograms } from "../../../bench/comparisons/programs.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";
import { assertLosses, isMissing, lossesOf, lossesOfUnroll, trainings } from "./losses.ts";

const hints: Partial<Record<Library, string>> = {
  pytorch: "PyTorch",
  numpy: "NumPy",
  c: "a C compiler",
};

for (const program of listPrograms(1)) {
  const { name, library, variant } = program;
  const hint = hints[library];
  if (hint === undefined || variant === "1 thread") continue;
  const ignore = await isMissing(program);
  for (const input of trainings) {
    const { cell, optimizer = "adagrad" } = input;
    Deno.test({
      name: `${name}: ${cell} with ${optimizer} has the losses of unroll (needs ${hint})`,
      ignore,
      async fn() {
        const config = resolveConfig(input);
        assertLosses(await lossesOf(program, config), await lossesOfUnroll(config));
      },
    });
  }
}
