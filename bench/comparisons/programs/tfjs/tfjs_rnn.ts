/**
 * The network in TensorFlow.js: variables, `variableGrads`, its Adagrad.
 *
 *     deno run --config deno.json tfjs_rnn.ts BACKEND IDS V H T B threads rate init
 *
 * All inputs, all logits and the loss are one operation each over all rows; only Whh·h goes step by
 * step. bench/comparisons/protocol.ts says what is read and written. The library stands in the deno.json
 * of this folder, so that only who measures it downloads it.
 */

import { serve } from "../../serve_rounds.ts";

/** Opaque here. */
type Tensor = { dataSync(): ArrayLike<number>; dispose(): void };
type Variable = Tensor & { readonly name: string; assign(value: Tensor): void };

/** What is used of the library. */
interface Tensorflow {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  readonly train: {
    adagrad(rate: number, initial: number): {
      applyGradients(gradients: Record<string, Tensor>): void;
    };
  };
  variable(value: Tensor): Variable;
  variableGrads(loss: () => Tensor, variables: readonly Variable[]): {
    readonly value: Tensor;
    readonly grads: Record<string, Tensor>;
  };
  tidy<Result>(work: () => Result): Result;
  keep(tensor: Tensor): Tensor;
  zeros(shape: readonly number[]): Tensor;
  randomNormal(
    shape: readonly number[],
    mean: number,
    deviation: number,
    type: "float32",
    seed: number,
  ): Tensor;
  tensor1d(values: Int32Array, type: "int32"): Tensor;
  oneHot(ids: Tensor, length: number): Tensor;
  cast(a: Tensor, type: "float32"): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  tanh(a: Tensor): Tensor;
  sum(a: Tensor): Tensor;
  split(a: Tensor, parts: number): Tensor[];
  concat(parts: readonly Tensor[]): Tensor;
  logSoftmax(a: Tensor): Tensor;
  clipByValue(a: Tensor, low: number, high: number): Tensor;
}

const CLIP = 5;
/** Inside the root; the library adds 1e-7 more. */
const EPSILON = 1e-8;

/** Not literals in an import: checking the project would download them. */
const load = (name: string) => import(name);

const [backend, path, ...rest] = Deno.args;
const [V, H, T, B, , rate, init] = rest.map(Number) as [
  ...[number, number, number, number, number, number, number],
];
const tf: Tensorflow = await load("@tensorflow/tfjs");
if (backend === "wasm") await load("@tensorflow/tfjs-backend-wasm");
// On standard output there is nothing but what was asked for.
console.warn = console.log = () => {};
if (!await tf.setBackend(backend!)) {
  throw new Error(`Cannot start the backend "${backend}"`);
}

const ids = new Uint32Array((await Deno.readFile(path!)).buffer);
const L = Math.floor(ids.length / B); // Characters in a stream.
const variables = [[V, H], [H, H], [H, V]].map((shape, i) =>
  tf.variable(tf.randomNormal(shape, 0, init, "float32", i + 1))
);
variables.push(tf.variable(tf.zeros([H])), tf.variable(tf.zeros([V])));
const [Wxh, Whh, Why, bh, by] = variables as [
  Variable,
  Variable,
  Variable,
  Variable,
  Variable,
];
const optimizer = tf.train.adagrad(rate, EPSILON);

/** Characters p + offset … of all streams, one-hot, [T·B, V]. */
function oneHot(p: number): Tensor {
  const batch = Int32Array.from({ length: T * B }, (_, row) => {
    return ids[(row % B) * L + p + Math.floor(row / B)]!;
  });
  return tf.cast(tf.oneHot(tf.tensor1d(batch, "int32"), V), "float32");
}

/** Trains on the batch at p; gives its loss and its last hidden state. */
function step(p: number, first: Tensor): readonly [loss: Tensor, last: Tensor] {
  return tf.tidy(() => {
    const inputs = oneHot(p);
    const targets = oneHot(p + 1);
    let last = first;
    const { value, grads } = tf.variableGrads(() => {
      const states: Tensor[] = [];
      for (const x of tf.split(tf.add(tf.matMul(inputs, Wxh), bh), T)) {
        states.push(last = tf.tanh(tf.add(x, tf.matMul(last, Whh))));
      }
      tf.keep(last);
      const logits = tf.add(tf.matMul(tf.concat(states), Why), by);
      return tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), -1 / B);
    }, variables);
    for (const [name, gradient] of Object.entries(grads)) {
      grads[name] = tf.clipByValue(gradient, -CLIP, CLIP);
    }
    optimizer.applyGradients(grads);
    return [tf.keep(value), last];
  });
}

let p = 0;
let h = tf.zeros([B, H]);
await serve(tf.version_core, T * B, () => {
  if (p + T + 1 >= L) {
    p = 0;
    h.dispose();
    h = tf.zeros([B, H]);
  }
  const [loss, last] = step(p, h);
  h.dispose();
  h = last;
  p += T;
  const value = loss.dataSync()[0]! / T;
  loss.dispose();
  return value;
});
