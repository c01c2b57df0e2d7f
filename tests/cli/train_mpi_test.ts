/** The command of several ranks: one voice, one exit code, one run folder. */
import { assert, assertEquals } from "@std/assert";
import { LATEST_CHECKPOINT, readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { mpiCommand } from "../../src/cli/train_mpi.ts";
import { assertOneLine, namesIn, runInside, testProgram } from "./program.ts";
import { runOnRanks } from "./rank_commands.ts";

const text = "Around the rugged rock the ragged rascal ran.\n".repeat(300);
const options = ["--hidden", "24", "--seq-length", "10", "--batch-size", "32", "--log-every", "5"];

Deno.test("train-mpi prints its help without other ranks, and is refused without a launcher", async () => {
  const { code, out } = await runInside(["train-mpi", "--help"], [mpiCommand]);
  assertEquals(code, 0);
  assert(out.includes("--mpi-library PATH") && out.includes("--batch-size N"), out);
  assertOneLine(await runInside(["train-mpi", "a.txt"], [mpiCommand]), 2, /mpirun/);
  assertOneLine(await runInside(["train-mpi", "--wrong"], [mpiCommand]), 2, /--wrong/);
});

testProgram(
  "train-mpi writes the checkpoint of train, and each resumes the other's",
  async (folder) => {
    await Deno.writeTextFile(`${folder}/rock.txt`, text);
    const path = `${folder}/rock.txt`;
    const outOf = (name: string) => ["--out", `${folder}/${name}`];
    const alone = await runInside(["train", path, ...outOf("alone"), ...options, "--steps", "20"]);
    assertEquals([alone.code, alone.err], [0, ""]);
    const shared = await runOnRanks(3, path, ...outOf("shared"), ...options, "--steps", "20");
    assertEquals([shared.code, shared.err, shared.codes], [0, "", [0, 0]]);
    assert(/^Ranks: +3$/m.test(shared.out) && /^Threads: +1 on each rank$/m.test(shared.out));
    await assertSameModel(`${folder}/alone`, `${folder}/shared`);
    // Each continues as the other would.
    for (const name of ["alone", "shared"]) {
      const args = ["--resume", `${folder}/${name}`, "--steps", "30"];
      const outcome = name === "alone"
        ? await runOnRanks(2, ...args)
        : await runInside(["train", ...args]);
      assertEquals([outcome.code, outcome.err], [0, ""]);
    }
    await assertSameModel(`${folder}/alone`, `${folder}/shared`);
  },
);

async function assertSameModel(a: string, b: string): Promise<void> {
  const [first, second] = await Promise.all([a, b].map(async (path) => {
    const { progress, corpus: _, ...others } = await readCheckpoint(`${path}/${LATEST_CHECKPOINT}`);
    return { ...others, progress: { ...progress, elapsedSeconds: 0 } };
  }));
  assertEquals(first, second);
}

testProgram(
  "train-mpi reports what is wrong on any rank once, with the same exit code",
  async (folder) => {
    await Deno.writeTextFile(`${folder}/rock.txt`, text);
    const missing = await runOnRanks(2, `${folder}/missing.txt`);
    assertOneLine(missing, 2, /Cannot read the text .*missing\.txt/);
    assertEquals(missing.codes, [2]);
    const wrong = await runOnRanks(2, `${folder}/rock.txt`, "--hidden", "none");
    assertOneLine(wrong, 2, /--hidden/);
    assertEquals(wrong.codes, [2]);
    assertEquals(namesIn(folder), ["rock.txt"]);
  },
);

testProgram("train-mpi reports ranks that have no streams to compute", async (folder) => {
  await Deno.writeTextFile(`${folder}/rock.txt`, text);
  const few = ["--hidden", "8", "--seq-length", "10", "--batch-size", "8", "--steps", "2"];
  const { code, out } = await runOnRanks(2, `${folder}/rock.txt`, "--out", `${folder}/r`, ...few);
  assertEquals(code, 0);
  assert(/Warning: +only 1 rank of 2 compute/.test(out), out);
});
