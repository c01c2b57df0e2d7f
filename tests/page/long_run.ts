/** A run of many metrics, without training it. */

/** Appends metrics of as many further steps to the metrics of a run folder. */
export function appendMetrics(path: string, count: number): void {
  const file = `${path}/metrics.jsonl`;
  const last = JSON.parse(Deno.readTextFileSync(file).trimEnd().split("\n").at(-1)!);
  const lines = Array.from(
    { length: count },
    (_, i) => JSON.stringify({ ...last, step: last.step + 1 + i, loss: 2 + Math.sin(i) }),
  );
  Deno.writeTextFileSync(file, `${lines.join("\n")}\n`, { append: true });
}
