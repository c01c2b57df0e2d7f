/** The worker: it trains on a text for half a minute, then completes beginnings. */
import { corpusFromText, prepareThreads, sample, train } from "@unroll/unroll";

let model;

onmessage = async ({ data: { text, prompt } }) => {
  try {
    if (text !== undefined) model = await trainOn(text);
    else postMessage({ completion: prompt + sample(model, { prompt, length: 200, seed: 1 }) });
  } catch (error) {
    // Errors of the library are one line: a text that is too short, a character that is unknown.
    postMessage(text === undefined ? { completion: error.message } : { status: error.message });
  }
};

async function trainOn(text) {
  const threads = await prepareThreads(2);
  const { best } = await train(corpusFromText(text), {
    minutes: 0.5,
    onStatus: ({ step, loss }) =>
      postMessage({ status: `step ${step}: ${loss.toFixed(3)} nats per character` }),
  });
  postMessage({ status: `Trained (threads: ${threads})`, isReady: true });
  return best;
}
