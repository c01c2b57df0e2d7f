import { readReady, readRound, readValidation, type RoundResult } from "./protocol.ts";

/** A command line, and variables to add to the environment. */
export interface LaunchCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A running program, which trains when asked to and sleeps otherwise; see protocol.ts. */
export class ProgramProcess {
  /** The version that the program printed. */
  readonly version: string;
  readonly #pipes: Pipes;

  private constructor(pipes: Pipes, version: string) {
    this.#pipes = pipes;
    this.version = version;
  }

  /**
   * Starts a program and waits until it is ready to train.
   *
   * @throws {Error} if the program ends; the message has the last line of its standard error.
   */
  static async start(command: LaunchCommand): Promise<ProgramProcess> {
    const pipes = new Pipes(command);
    try {
      return new ProgramProcess(pipes, readReady(await pipes.readLine()).ready);
    } catch (error) {
      await pipes.close();
      throw error;
    }
  }

  /**
   * Lets the program train for some seconds, at least one step.
   *
   * @throws {Error} if the program ends; the message has the last line of its standard error.
   */
  async train(seconds: number): Promise<RoundResult> {
    return readRound(await this.#answer(`train ${seconds}`));
  }

  /**
   * Lets the program train for a number of steps.
   *
   * @throws {Error} as {@linkcode ProgramProcess.train} does.
   */
  async takeSteps(steps: number): Promise<RoundResult> {
    return readRound(await this.#answer(`steps ${steps}`));
  }

  /**
   * Lets the program measure its validation loss, in nats per character.
   *
   * @throws {Error} as {@linkcode ProgramProcess.train} does.
   */
  async validate(): Promise<number> {
    return readValidation(await this.#answer("validate"));
  }

  async #answer(command: string): Promise<string> {
    await this.#pipes.writeLine(command);
    return await this.#pipes.readLine();
  }

  /** Ends the program. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#pipes.close();
  }
}

/** The standard streams of a child process. */
class Pipes {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: AsyncIterator<string>;
  readonly #stderr: Promise<string>;

  constructor({ command, args, env }: LaunchCommand) {
    this.#child = new Deno.Command(command, {
      args: [...args],
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdout = readLines(this.#child.stdout);
    this.#stderr = new Response(this.#child.stderr).text();
  }

  async writeLine(line: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${line}\n`));
  }

  /** @throws {Error} if the output ends. */
  async readLine(): Promise<string> {
    const { value, done } = await this.#stdout.next();
    if (!done) return value;
    const lastError = (await this.#stderr).trim().split("\n").at(-1);
    throw new Error(`the program ended${lastError ? `: ${lastError}` : ""}`);
  }

  async close(): Promise<void> {
    await this.#stdin.close().catch(() => {}); // Rejects if the program has already ended.
    await this.#child.status;
    await this.#stderr;
  }
}

async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
