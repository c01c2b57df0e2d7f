/** A training on several ranks has the bits of one on a single machine. */
import { assert, assertEquals } from "@std/assert";
import { run, runAlone, stateOf, testMpi, text } from "./mpirun.ts";

/** Options that take different paths through the exchange and the update. */
const configs: Readonly<Record<string, readonly string[]>> = {
  "rnn, adagrad": ["--preset", "min-char-rnn", "--hidden", "20", "--batch-size", "4"],
  "lstm, adam, norm clipping": [
    ...["--cell", "lstm", "--layers", "2", "--hidden", "24", "--batch-size", "9"],
    ...["--seq-length", "12", "--optimizer", "adam", "--grad-clip-mode", "norm"],
    ...["--grad-clip", "0.5", "--dropout", "0.2", "--weight-average", "0.5"],
    ...["--reset-every", "5", "--precision", "f64"],
  ],
  "gru, rmsprop": [
    ...["--cell", "gru", "--hidden", "64", "--batch-size", "32", "--seq-length", "8"],
    ...["--optimizer", "rmsprop", "--precision", "f32-strict"],
  ],
};
const common = ["--steps", "6", "--sample-every", "0", "--log-every", "3"];

testMpi("train-mpi has the bits of train on 1 to 4 ranks", async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  for (const [name, config] of Object.entries(configs)) {
    const args = ["rain.txt", ...config, ...common, "--force", "--out"];
    await runAlone([...args, "alone"], { folder });
    const expected = await stateOf(`${folder}/alone`);
    const placements = name === "rnn, adagrad"
      ? [1, 2, 3, 4].flatMap((ranks) => [[ranks, 1], [ranks, 2]])
      : [[2, 2], [3, 1], [4, 1]];
    for (const [ranks, threads] of placements) {
      const options = [...args, "shared", "--threads", String(threads)];
      const { code, out, err } = await run(launcher, options, { folder, ranks: ranks! });
      assertEquals(code, 0, err);
      // The launcher writes to a pipe, though Open MPI gives ranks a terminal.
      assert(!out.includes("\x1b"), out);
      assertEquals(await stateOf(`${folder}/shared`), expected, `${name}, ${ranks} ranks`);
    }
  }
});

testMpi("runs are resumed with another number of ranks, or none", async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  const args = ["rain.txt", ...configs["lstm, adam, norm clipping"]!, "--sample-every", "0"];
  // Dropout, cooldown and the automatic schedule follow the fraction of the run that is done.
  const fixed = [...args, "--dropout", "0", "--cooldown", "0", "--lr-schedule", "constant"];
  await runAlone([...fixed, "--steps", "20", "--out", "alone"], { folder });
  const expected = await stateOf(`${folder}/alone`);
  const steps: readonly (readonly [ranks: number, until: number])[] = [
    ...[[2, 5], [3, 9], [0, 13], [1, 16], [4, 20]] as const,
  ];
  for (const [ranks, last] of steps) {
    const begin = last === 5 ? [...fixed, "--out", "shared"] : ["--resume", "shared"];
    const line = [...begin, "--steps", String(last)];
    if (ranks === 0) await runAlone(line, { folder });
    else assertEquals((await run(launcher, line, { folder, ranks })).code, 0);
  }
  assertEquals(await stateOf(`${folder}/shared`), expected);
});
