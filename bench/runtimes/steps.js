/**
 * Training steps of the package for a while, in any runtime: plain JavaScript, because a page loads it
 * as it is.
 *
 * @module
 */

/** A text of 65 distinct characters. */
const text = Array.from(
  { length: 400_000 },
  (_, i) => String.fromCharCode(32 + ((i * i + (i * 7 >> 2)) % 131) % 65),
).join("");

/**
 * Prepares a training.
 *
 * @param unroll The library.
 * @param config The configuration.
 * @returns A function that trains for some seconds and returns the number of characters.
 */
export function prepare(unroll, config) {
  const trainer = unroll.Trainer.create(
    unroll.corpusFromText(text),
    unroll.resolveConfig(config),
    { threads: 1 },
  );
  return (seconds) => {
    const end = performance.now() + 1000 * seconds;
    let steps = 0;
    do {
      trainer.step();
      steps++;
    } while (performance.now() < end);
    return steps * trainer.charsPerStep;
  };
}

/** Configurations that are measured, by name. */
export const configs = {
  "rnn, H 100, T 25, B 1": { hidden: 100, seqLength: 25, batchSize: 1 },
  "rnn, H 128, T 50, B 32": { hidden: 128, seqLength: 50, batchSize: 32 },
  "gru, H 256, T 50, B 32": { cell: "gru", hidden: 256, seqLength: 50, batchSize: 32 },
};
