/**
 * The program's side of protocol.ts, for programs in TypeScript.
 *
 * @param ready The version of what trains.
 * @param charsPerStep T·B.
 * @param step Trains on the next batch, and gives its loss in nats per character.
 */
export async function serve(
  ready: string,
  charsPerStep: number,
  step: () => number,
): Promise<void> {
  print({ ready });
  const decoder = new TextDecoder();
  // Who asks waits for the answer: a piece is a line.
  for await (const line of Deno.stdin.readable) {
    const limit = 1000 * Number(decoder.decode(line));
    const begin = performance.now();
    let [steps, total, elapsed] = [0, 0, 0];
    while (steps === 0 || elapsed < limit) {
      total += step();
      steps++;
      elapsed = performance.now() - begin;
    }
    print({ chars: steps * charsPerStep, seconds: elapsed / 1000, loss: total / steps });
  }
}

function print(value: unknown): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
