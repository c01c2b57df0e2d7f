import { client } from "../state.ts";

/** Draws the training and validation loss beside the baselines. */
export function CurvesPanel() {
  return (
    <section aria-labelledby="curves-title">
      <h2 id="curves-title">Loss</h2>
      <p>{JSON.stringify(client.baselines.value)} {client.metrics.value.length}</p>
    </section>
  );
}
