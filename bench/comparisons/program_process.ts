import { readReady, readRound, type RoundResult } from "./protocol.ts";

/** How a program is started. */
export interface LaunchCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that trains whenever it is asked to, and sleeps otherwise. */
export class ProgramProcess {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;

  private constructor(start: LaunchCommand) {
    this.#child = new Deno.Command(start.command, {
      args: [...start.args],
      env: { ...start.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
    this.#errors = new Response(this.#child.stderr).text();
  }

  /**
   * Starts a program and waits until it could train.
   *
   * @returns It, and the version that it names.
   * @throws {Error} with the end of what it wrote to standard error, when it ends instead.
   */
  static async start(start: LaunchCommand): Promise<readonly [ProgramProcess, string]> {
    const program = new ProgramProcess(start);
    return [program, readReady(await program.#line()).ready];
  }

  /**
   * Lets it train for so many seconds, a step at least.
   * @throws {Error} as {@linkcode ProgramProcess.start} does.
   */
  async round(seconds: number): Promise<RoundResult> {
    await this.#writer.write(new TextEncoder().encode(`${seconds}\n`));
    return readRound(await this.#line());
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
    await this.#errors;
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (!done) return value;
    const errors = (await this.#errors).trim().split("\n").at(-1);
    throw new Error(`the program ended${errors ? `: ${errors}` : ""}`);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
