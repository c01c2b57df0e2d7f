import { client, text } from "../state.ts";

/** Takes a text, shows what was picked for it, and controls the training. */
export function TrainPanel() {
  const { phase, status } = client;
  const start = () => {
    text.value = {
      name: "row",
      content: "row, row, row your boat, gently down the stream. ".repeat(80),
    };
    client.start({ text: text.value, prompt: "row" });
  };
  return (
    <section aria-labelledby="train-title">
      <h2 id="train-title">Train</h2>
      <p>
        <button type="button" onClick={start}>Train</button>{" "}
        <button type="button" onClick={() => client.pause()}>Pause</button>{" "}
        <button type="button" onClick={() => client.resume()}>Resume</button>{" "}
        <button type="button" onClick={() => client.step()}>One step</button>{" "}
        <button type="button" onClick={() => client.reset()}>Reset</button>
      </p>
      <p>
        {phase} {status.value?.step} {status.value?.loss.toFixed(3)} {client.error.value?.message}
      </p>
    </section>
  );
}
