/**
 * unroll itself, as one of the programs that are compared: its `Trainer`, taking batches and all.
 *
 *     deno run --allow-read unroll.ts TEXT H T B threads
 *
 * bench/comparisons/protocol.ts says what is read and written.
 */
import configuration from "../../../deno.json" with { type: "json" };
import { readCorpus } from "../../../src/text/corpus.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { serve } from "../serve_rounds.ts";
import { configOf } from "../hyperparams.ts";

const [path, ...sizes] = Deno.args;
const [hidden, seqLength, batchSize, threads] = sizes.map(Number) as [
  number,
  number,
  number,
  number,
];
const corpus = await readCorpus(path!);
const input = configOf({ hidden, seqLength, batchSize });
const config = resolveConfig(input, { chars: corpus.length });
const trainer = Trainer.create(corpus, config, { threads });
await serve(configuration.version, trainer.charsPerStep, () => trainer.step());
trainer.close();
