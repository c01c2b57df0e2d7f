/** What {@linkcode trainRounds} trains. */
export interface Training {
  /** The version of the library that trains. */
  readonly version: string;
  /** T·B. */
  readonly charsPerStep: number;
  /** Trains on the next batch; returns its loss in nats per character. */
  readonly step: () => number;
}

/** The program's side of protocol.ts, for programs in TypeScript; returns at the end of input. */
export async function trainRounds({ version, charsPerStep, step }: Training): Promise<void> {
  printMessage({ ready: version });
  const decoder = new TextDecoder();
  // The command waits for each answer before it writes again, so every chunk is one line.
  for await (const line of Deno.stdin.readable) {
    const limit = 1000 * Number(decoder.decode(line));
    const begin = performance.now();
    let [steps, totalLoss, elapsed] = [0, 0, 0];
    while (steps === 0 || elapsed < limit) {
      totalLoss += step();
      steps++;
      elapsed = performance.now() - begin;
    }
    printMessage({
      chars: steps * charsPerStep,
      seconds: elapsed / 1000,
      loss: totalLoss / steps,
    });
  }
}

function printMessage(message: unknown): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
