/**
 * Runs ONNX models in ONNX Runtime: reads a JSON list of {@linkcode Task} from standard input, and
 * prints the logits of each as JSON.
 *
 * It is a program of its own, with the deno.json of its folder, so that nothing else downloads the
 * runtime.
 */

/** A model and its calls, of which each continues with the states of the one before. */
export interface Task {
  /** The path of the model. */
  readonly path: string;
  /** The type of states and logits. */
  readonly dtype: "float64" | "float32";
  readonly layers: number;
  readonly hidden: number;
  /** The ids of each call, [T, B]. */
  readonly calls: readonly (readonly (readonly number[])[])[];
}

/** What a model gave. */
export interface Answer {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The logits of each call, with their shape. */
  readonly calls: readonly { readonly shape: readonly number[]; readonly logits: number[] }[];
}

if (import.meta.main) {
  // The import is not a literal, because checking the project would download the library.
  const library = "onnxruntime-web";
  const { InferenceSession, Tensor, env } = await import(library);
  env.wasm.numThreads = 1;
  const tasks: Task[] = await new Response(Deno.stdin.readable).json();
  const answers: Answer[] = [];
  for (const { path, dtype, layers, hidden, calls } of tasks) {
    const session = await InferenceSession.create(await Deno.readFile(path));
    const { inputNames: inputs, outputNames: outputs } = session;
    const batch = calls[0]![0]!.length;
    const numbers = dtype === "float64" ? Float64Array : Float32Array;
    let states = Object.fromEntries(
      inputs.slice(1).map((name: string) => [
        name,
        new Tensor(dtype, new numbers(layers * batch * hidden), [layers, batch, hidden]),
      ]),
    );
    const results = [];
    for (const ids of calls) {
      const data = BigInt64Array.from(ids.flat(), BigInt);
      const feeds = { ids: new Tensor("int64", data, [ids.length, batch]), ...states };
      const { logits, hn, cn } = await session.run(feeds);
      states = cn === undefined ? { h0: hn } : { h0: hn, c0: cn };
      results.push({ shape: logits.dims, logits: [...logits.data] });
    }
    answers.push({ inputs, outputs, calls: results });
  }
  console.log(JSON.stringify(answers));
}
