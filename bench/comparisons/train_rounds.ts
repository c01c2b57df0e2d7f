/** What {@linkcode trainRounds} trains. */
export interface Training {
  /** The version of the library that trains. */
  readonly version: string;
  /** T·B. */
  readonly charsPerStep: number;
  /**
   * Trains on the next batch; returns its loss in nats per character.
   *
   * @param trained What was trained before, on which the learning rate may depend.
   */
  readonly step: (trained: Trained) => number;
  /** Measures the validation loss in nats per character. Default: it cannot. */
  readonly validate?: () => number;
}

/** What was trained before a step. */
export interface Trained {
  readonly steps: number;
  /** Seconds of training, without validations and pauses. */
  readonly seconds: number;
}

/** The program's side of protocol.ts, for programs in TypeScript; returns at the end of input. */
export async function trainRounds(
  { version, charsPerStep, step, validate }: Training,
): Promise<void> {
  printMessage({ ready: version });
  const decoder = new TextDecoder();
  let steps = 0;
  let seconds = 0;
  // The command waits for each answer before it writes again, so every chunk is one line.
  for await (const line of Deno.stdin.readable) {
    const command = readCommand(decoder.decode(line));
    if (command.name === "validate") {
      printMessage({ validation_loss: validate!() });
      continue;
    }
    const isOver = command.name === "steps"
      ? (taken: number) => taken >= command.steps
      : (_: number, elapsed: number) => elapsed >= command.seconds;
    const begin = performance.now();
    let [taken, totalLoss, elapsed] = [0, 0, 0];
    do {
      totalLoss += step({ steps: steps + taken, seconds: seconds + elapsed });
      taken++;
      elapsed = (performance.now() - begin) / 1000;
    } while (!isOver(taken, elapsed));
    steps += taken;
    seconds += elapsed;
    printMessage({ chars: taken * charsPerStep, seconds: elapsed, loss: totalLoss / taken });
  }
}

/** A command of protocol.ts. */
export type ProgramCommand =
  | { readonly name: "train"; readonly seconds: number }
  | { readonly name: "steps"; readonly steps: number }
  | { readonly name: "validate" };

/**
 * Parses a command.
 *
 * @throws {Error} if there is no such command.
 */
export function readCommand(line: string): ProgramCommand {
  const [name, value] = line.trim().split(" ");
  if (name === "train") return { name, seconds: Number(value) };
  if (name === "steps") return { name, steps: Number(value) };
  if (name === "validate") return { name };
  throw new Error(`Cannot answer ${JSON.stringify(line)}: it is not a command of the protocol`);
}

function printMessage(message: unknown): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
