/**
 * unroll as one of the compared programs: its `Trainer`, the preparation of batches included.
 *
 *     deno run --allow-read unroll_rnn.ts TEXT H T B threads
 *
 * It follows ../protocol.ts, except that it reads the text itself.
 */
import metadata from "../../../deno.json" with { type: "json" };
import { resolveConfig } from "../../../src/model/resolve_config.ts";
import { readCorpus } from "../../../src/files/read_corpus.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { configOf } from "../hyperparams.ts";
import { trainRounds } from "../train_rounds.ts";

const [path, ...numbers] = Deno.args;
const [hidden, seqLength, batchSize, threads] = numbers.map(Number) as [
  number,
  number,
  number,
  number,
];
const corpus = await readCorpus(path!);
const input = configOf({ hidden, seqLength, batchSize });
const config = resolveConfig(input, { chars: corpus.length });
using trainer = Trainer.create(corpus, config, { threads });
await trainRounds({
  version: metadata.version,
  charsPerStep: trainer.charsPerStep,
  step: () => trainer.step(),
});
