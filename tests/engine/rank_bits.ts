/** Training an engine on several ranks, for tests that compare its bits with those of one. */
import type { Exchange } from "../../src/exchange.ts";
import type { EngineOptions } from "../../src/engine/options.ts";
import { RankEngine } from "../../src/engine/rank_engine.ts";
import type { Update } from "../../src/engine/update.ts";
import { Xoshiro128 } from "../../src/random.ts";

/** A network, and the updates to make. */
export interface RankScenario {
  readonly options: EngineOptions;
  readonly updates: readonly Update[];
  readonly dropout?: { readonly probability: number; readonly seed: number };
}

/** Everything that the updates leave on rank 0; `null` on the others. */
export function trainRanks(
  exchange: Exchange | null,
  { options, updates, dropout }: RankScenario,
): unknown {
  using network = new RankEngine(options, exchange);
  const { engine, streams } = network;
  const { seqLength, batchSize, inputs, outputs, stateSlots = 1, weightAverage } = options;
  const random = new Xoshiro128(7);
  const isFirst = (exchange?.rank ?? 0) === 0;
  const parameters = engine.readParameters();
  for (const weights of Object.values(parameters)) {
    for (let i = 0; i < weights.length; i++) weights[i] = 0.3 * random.normal();
  }
  const state = network.readHiddenState()?.map(() => random.normal());
  network.loadParameters(isFirst ? parameters : undefined);
  network.loadHiddenState(state);
  if (weightAverage) network.loadWeightAverage(isFirst ? parameters : undefined);
  const losses: number[] = [];
  for (const [i, update] of updates.entries()) {
    const ids = new Xoshiro128(100 + i);
    for (let t = 0; t < seqLength; t++) {
      for (let b = 0; b < batchSize; b++) {
        const [input, target] = [ids.nextUint32() % inputs, ids.nextUint32() % outputs];
        const own = b - streams.start;
        if (own < 0 || own >= streams.length) continue;
        engine.inputIds[t * streams.length + own] = input;
        engine.targetIds[t * streams.length + own] = target;
      }
    }
    network.forward({ dropout, confidencePenalty: 0.1 });
    network.backward();
    losses.push(network.gatherLoss().loss);
    if (!network.gradientsAreFinite()) throw new Error("a gradient is not finite");
    if (!network.update(update)) throw new Error("a parameter is not finite");
  }
  const slots = Array.from({ length: stateSlots }, (_, slot) => network.readOptimizerState(slot));
  const average = weightAverage ? network.readWeightAverage() : null;
  // Written back, and read again after another step.
  slots.forEach((slot, i) => network.loadOptimizerState(i, slot ?? undefined));
  if (weightAverage) network.loadWeightAverage(average ?? undefined);
  network.forward({ dropout, confidencePenalty: 0.1 });
  network.backward();
  network.update(updates.at(-1)!);
  const result = {
    losses,
    slots: Array.from({ length: stateSlots }, (_, slot) => network.readOptimizerState(slot)),
    average: weightAverage ? network.readWeightAverage() : null,
    parameters: engine.readParameters(),
    state: network.readHiddenState(),
  };
  return isFirst ? result : null;
}
