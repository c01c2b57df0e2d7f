/**
 * A tanh network in TensorFlow.js, with `variableGrads` and the library's Adagrad.
 *
 *     deno run --config deno.json tfjs_rnn.ts BACKEND IDS V H T B threads lr init
 *
 * Inputs, logits and the loss are one operation each over all T·B rows; only Whh·h is computed step
 * by step. It follows ../../protocol.ts. The library is listed in the deno.json of this folder, so
 * that it is downloaded only by those who measure it.
 */

import { trainRounds } from "../../train_rounds.ts";

/** A tensor; the few members that are used. */
type Tensor = { dataSync(): ArrayLike<number>; dispose(): void };
type Variable = Tensor & { readonly name: string; assign(value: Tensor): void };

/** The part of the library that is used. */
interface Tensorflow {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  readonly train: {
    adagrad(lr: number, initialAccumulatorValue: number): {
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
  split(a: Tensor, count: number): Tensor[];
  concat(tensors: readonly Tensor[]): Tensor;
  logSoftmax(a: Tensor): Tensor;
  clipByValue(a: Tensor, low: number, high: number): Tensor;
}

const CLIP = 5;
/** Adagrad's ε, inside the root; the library adds 1e-7. */
const EPSILON = 1e-8;

/** The imports are not literals, because checking the project would download the library. */
const load = (name: string) => import(name);

const [backend, path, ...rest] = Deno.args;
const [V, H, T, B, , lr, init] = rest.map(Number) as [
  ...[number, number, number, number, number, number, number],
];
const tf: Tensorflow = await load("@tensorflow/tfjs");
if (backend === "wasm") await load("@tensorflow/tfjs-backend-wasm");
// Standard output is reserved for the protocol.
console.warn = console.log = () => {};
if (!await tf.setBackend(backend!)) {
  throw new Error(`Cannot start TensorFlow.js: there is no backend "${backend}"`);
}

const ids = new Uint32Array((await Deno.readFile(path!)).buffer);
const L = Math.floor(ids.length / B); // Characters of a stream.
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
const optimizer = tf.train.adagrad(lr, EPSILON);

/** The T characters of each stream from a position on, as one-hot vectors [T·B, V]. */
function oneHot(position: number): Tensor {
  const batch = Int32Array.from({ length: T * B }, (_, row) => {
    return ids[(row % B) * L + position + Math.floor(row / B)]!;
  });
  return tf.cast(tf.oneHot(tf.tensor1d(batch, "int32"), V), "float32");
}

/**
 * Trains on the batch at a position.
 *
 * @returns The loss, summed over T and averaged over B, and the last hidden state, [B, H].
 */
function step(position: number, initialState: Tensor): readonly [loss: Tensor, state: Tensor] {
  return tf.tidy(() => {
    const inputs = oneHot(position);
    const targets = oneHot(position + 1);
    let state = initialState;
    const { value, grads } = tf.variableGrads(() => {
      const states: Tensor[] = [];
      for (const x of tf.split(tf.add(tf.matMul(inputs, Wxh), bh), T)) {
        states.push(state = tf.tanh(tf.add(x, tf.matMul(state, Whh))));
      }
      tf.keep(state);
      const logits = tf.add(tf.matMul(tf.concat(states), Why), by);
      return tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), -1 / B);
    }, variables);
    for (const [name, gradient] of Object.entries(grads)) {
      grads[name] = tf.clipByValue(gradient, -CLIP, CLIP);
    }
    optimizer.applyGradients(grads);
    return [tf.keep(value), state];
  });
}

let position = 0;
let state = tf.zeros([B, H]);
await trainRounds({
  version: tf.version_core,
  charsPerStep: T * B,
  step() {
    if (position + T + 1 >= L) {
      position = 0;
      state.dispose();
      state = tf.zeros([B, H]);
    }
    const [loss, lastState] = step(position, state);
    state.dispose();
    state = lastState;
    position += T;
    const value = loss.dataSync()[0]! / T;
    loss.dispose();
    return value;
  },
});
