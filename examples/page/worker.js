/** Trains a model of the text that the page sends, and reports what it writes meanwhile. */
import { corpusFromText, prepareThreads, train } from "./unroll/mod.js";

onmessage = async ({ data: text }) => {
  try {
    // Two threads if the page is cross-origin isolated; elsewhere one, with the same bits.
    await prepareThreads(2);
    await train(corpusFromText(text), {
      minutes: 2,
      sampleEvery: 200,
      onStatus: ({ step, loss, fractionDone }) => postMessage({ step, loss, fractionDone }),
      onSample: (sample) => postMessage({ sample }),
    });
    postMessage({ fractionDone: 1 });
  } catch (error) {
    postMessage({ error: error.message });
  }
};
