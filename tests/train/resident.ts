/** A program that trains on a text, and prints its peak memory in MiB. */
import { readCorpus } from "../../src/files/read_corpus.ts";
import { createTrainer } from "../trainers.ts";

using corpus = await readCorpus(Deno.args[0]!);
using trainer = createTrainer(corpus, {
  hidden: 16,
  batchSize: 8,
  seqLength: 50,
  valFraction: 0.001,
});
// Beyond the end of the first windows.
while (trainer.steps * trainer.config.seqLength < 300_000) trainer.step();
trainer.validate();
const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"))!;
console.log(JSON.stringify({ chars: corpus.length, mebibytes: Number(kibibytes) / 1024 }));
