import { client } from "../state.ts";

/** Shows what the model wrote while it was trained. */
export function SamplesPanel() {
  const last = client.samples.value.at(-1);
  return (
    <section aria-labelledby="samples-title">
      <h2 id="samples-title">Samples</h2>
      <pre>{last?.prompt}{last?.text}</pre>
    </section>
  );
}
