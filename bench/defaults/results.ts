/** The results of a sweep: a file of JSON lines, so that an interrupted sweep continues. */
import { writeOutput } from "../../src/cli/output_file.ts";
import { InputError } from "../../src/errors.ts";
import { quotePath } from "../../src/json.ts";
import * as v from "valibot";

const runSchema = v.strictObject({
  /** File name of the text. */
  text: v.string(),
  /** SHA-256 of its characters. */
  hash: v.string(),
  /** Time limit; `null` for a run without limits. */
  minutes: v.nullable(v.number()),
  options: v.string(),
  seed: v.number(),
  /** The configuration in words, for example `gru, 192 hidden units`. */
  model: v.string(),
  /** Characters a second, which determined the number of steps. */
  speed: v.number(),
  chars: v.number(),
  /** The step of the best model, as a fraction of the last step. */
  bestAt: v.number(),
  validationLoss: v.number(),
  /** Loss on the test part, which chose nothing. */
  testLoss: v.number(),
});

/** One run of a sweep. */
export type RunResult = v.InferOutput<typeof runSchema>;

/** The file of results. */
export class Results {
  readonly #path: string;
  readonly #runs: RunResult[];

  private constructor(path: string, runs: RunResult[]) {
    this.#path = path;
    this.#runs = runs;
  }

  /**
   * Reads the file; there are no results if it does not exist.
   *
   * @throws {InputError} if a line is not a result.
   */
  static async open(path: string): Promise<Results> {
    let text = "";
    try {
      text = await Deno.readTextFile(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const runs = text.split("\n").filter((line) => line !== "").map((line, i) => {
      try {
        return v.parse(runSchema, JSON.parse(line));
      } catch (error) {
        throw new InputError(
          `Cannot read the results ${quotePath(path)}: line ${i + 1} is not a result; remove it`,
          { cause: error },
        );
      }
    });
    return new Results(path, runs);
  }

  get runs(): readonly RunResult[] {
    return this.#runs;
  }

  /** The result of the same run, if it was made before. */
  find(run: Pick<RunResult, "hash" | "minutes" | "options" | "seed">): RunResult | undefined {
    return this.#runs.find(({ hash, minutes, options, seed }) =>
      hash === run.hash && minutes === run.minutes && options === run.options && seed === run.seed
    );
  }

  /** The speed that an earlier run of the same model on the same text was planned with. */
  findSpeed(run: Pick<RunResult, "hash" | "model">): number | undefined {
    return this.#runs.find(({ hash, model }) => hash === run.hash && model === run.model)?.speed;
  }

  /** Adds a run and writes the file. */
  async add(run: RunResult): Promise<void> {
    this.#runs.push(run);
    const text = this.#runs.map((run) => `${JSON.stringify(run)}\n`).join("");
    await writeOutput("results", this.#path, text);
  }
}
