/**
 * A network in TensorFlow.js, with `variableGrads` and the library's optimizers.
 *
 *     deno run --config deno.json tfjs_network.ts BACKEND TASK
 *
 * Inputs, logits and the loss are one operation each over all T·B rows; only Whh·h is computed step
 * by step. It follows ../../protocol.ts. The library is listed in the deno.json of this folder, so
 * that it is downloaded only by those who measure it.
 */

import type { Task } from "../../task.ts";
import { trainRounds } from "../../train_rounds.ts";

/** A tensor; the few members that are used. */
type Tensor = { dataSync(): ArrayLike<number>; dispose(): void };
type Variable = Tensor & { readonly name: string; assign(value: Tensor): void };
type Optimizer = { applyGradients(gradients: Record<string, Tensor>): void };

/** The part of the library that is used. */
interface Tensorflow {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  readonly train: {
    adagrad(lr: number, initialAccumulatorValue: number): Optimizer;
    rmsprop(lr: number, decay: number, momentum: number, epsilon: number): Optimizer;
    adam(lr: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
  variable(value: Tensor): Variable;
  variableGrads(loss: () => Tensor, variables: readonly Variable[]): {
    readonly value: Tensor;
    readonly grads: Record<string, Tensor>;
  };
  tidy<Result>(work: () => Result): Result;
  keep(tensor: Tensor): Tensor;
  zeros(shape: readonly number[]): Tensor;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  tensor1d(values: Int32Array, type: "int32"): Tensor;
  transpose(a: Tensor): Tensor;
  oneHot(ids: Tensor, length: number): Tensor;
  cast(a: Tensor, type: "float32"): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  tanh(a: Tensor): Tensor;
  sigmoid(a: Tensor): Tensor;
  sum(a: Tensor): Tensor;
  split(a: Tensor, count: number, axis?: number): Tensor[];
  concat(tensors: readonly Tensor[]): Tensor;
  logSoftmax(a: Tensor): Tensor;
  clipByValue(a: Tensor, low: number, high: number): Tensor;
}

/** The imports are not literals, because checking the project would download the library. */
const load = (name: string) => import(name);

const [backend, path] = Deno.args as [string, string];
const task: Task = JSON.parse(await Deno.readTextFile(path));
const { config, vocabulary: V, streams } = task;
const { cell, layers, hidden: H, seqLength: T, batchSize: B } = config;
const tf: Tensorflow = await load("@tensorflow/tfjs");
if (backend === "wasm") await load("@tensorflow/tfjs-backend-wasm");
// Standard output is reserved for the protocol.
console.warn = console.log = () => {};
if (!await tf.setBackend(backend)) {
  throw new Error(`Cannot start TensorFlow.js: there is no backend "${backend}"`);
}

const ids = new Uint32Array((await Deno.readFile(task.ids)).buffer);
const numbers = new Float32Array((await Deno.readFile(task.weights)).buffer);
/** The weights by their names, matrices as [inputs, outputs]. */
const weights = new Map<string, Variable>();
let at = 0;
for (const [name, shape] of task.parameters) {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = tf.tensor(numbers.slice(at, at += count), shape);
  weights.set(name, tf.variable(shape.length === 1 ? values : tf.transpose(values)));
}
const variables = [...weights.values()];
const weight = (name: string, layer: number) =>
  weights.get(layer === 0 ? name : `${name}_l${layer}`)!;

const { optimizer: rule, lr, beta1, beta2, gradClip, gradClipMode } = config;
const { weightDecay, weightAverage } = config;
const optimizer = rule === "adagrad"
  // The library adds 1e-7 to the sum of squares.
  ? tf.train.adagrad(lr, 1e-8)
  : rule === "rmsprop"
  // The library adds it within the root.
  ? tf.train.rmsprop(lr, beta2, 0, 1e-16)
  : tf.train.adam(lr, beta1, beta2, 1e-8);
const averages = variables.map((variable) => tf.variable(variable));

/** The T characters of each stream from a position on, as one-hot vectors [T·B, V]. */
function oneHot(position: number): Tensor {
  const batch = Int32Array.from({ length: T * B }, (_, row) => {
    return ids[streams.starts[row % B]! + position + Math.floor(row / B)]!;
  });
  return tf.cast(tf.oneHot(tf.tensor1d(batch, "int32"), V), "float32");
}

/** The state of a layer: h, and c of an LSTM, [B, H]. */
type State = readonly [h: Tensor, c?: Tensor];

/**
 * A step of a layer.
 *
 * @param x Wxh·x + bh, [B, G·H].
 */
function cellStep(x: Tensor, [h, c]: State, layer: number): State {
  const recurrent = tf.matMul(h, weight("Whh", layer));
  if (cell === "rnn") return [tf.tanh(tf.add(x, recurrent))];
  if (cell === "gru") {
    const [xr, xz, xn] = tf.split(x, 3, 1) as [Tensor, Tensor, Tensor];
    const [hr, hz, hn] = tf.split(recurrent, 3, 1) as [Tensor, Tensor, Tensor];
    const r = tf.sigmoid(tf.add(xr, hr));
    const z = tf.sigmoid(tf.add(xz, hz));
    const n = tf.tanh(tf.add(xn, tf.mul(r, tf.add(hn, weight("bhn", layer)))));
    return [tf.add(n, tf.mul(z, tf.sub(h, n)))];
  }
  const [i, f, g, o] = tf.split(tf.add(x, recurrent), 4, 1) as [Tensor, Tensor, Tensor, Tensor];
  const c1 = tf.add(tf.mul(tf.sigmoid(f), c!), tf.mul(tf.sigmoid(i), tf.tanh(g)));
  return [tf.mul(tf.sigmoid(o), tf.tanh(c1)), c1];
}

function zeroStates(): State[] {
  return Array.from(
    { length: layers },
    (): State => cell === "lstm" ? [tf.zeros([B, H]), tf.zeros([B, H])] : [tf.zeros([B, H])],
  );
}

function dispose(states: readonly State[]): void {
  for (const tensor of states.flat()) tensor!.dispose();
}

/**
 * Trains on the batch at a position.
 *
 * @returns The loss, summed over T and averaged over B, and the last states.
 */
function step(position: number, initialStates: readonly State[]): readonly [Tensor, State[]] {
  return tf.tidy(() => {
    const targets = oneHot(position + 1);
    const states = [...initialStates];
    const { value, grads } = tf.variableGrads(() => {
      let rows = oneHot(position);
      for (let layer = 0; layer < layers; layer++) {
        const inputs = tf.add(tf.matMul(rows, weight("Wxh", layer)), weight("bh", layer));
        const outputs = tf.split(inputs, T).map((x) => {
          states[layer] = cellStep(x, states[layer]!, layer);
          return states[layer]![0];
        });
        for (const tensor of states[layer]!) tf.keep(tensor!);
        rows = tf.concat(outputs);
      }
      const logits = tf.add(tf.matMul(rows, weight("Why", 0)), weight("by", 0));
      return tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), -1 / B);
    }, variables);
    clip(grads);
    if (weightDecay > 0) {
      for (const variable of variables) variable.assign(tf.mul(variable, 1 - lr * weightDecay));
    }
    optimizer.applyGradients(grads);
    return [tf.keep(value), states];
  });
}

function clip(grads: Record<string, Tensor>): void {
  if (gradClip === 0) return;
  const squares = () => Object.values(grads).map((grad) => tf.sum(tf.mul(grad, grad)));
  const scale = gradClipMode === "norm"
    ? Math.min(1, gradClip / Math.sqrt(squares().reduce((sum, x) => sum + x.dataSync()[0]!, 0)))
    : 1;
  for (const [name, grad] of Object.entries(grads)) {
    if (gradClipMode === "value") grads[name] = tf.clipByValue(grad, -gradClip, gradClip);
    else if (scale < 1) grads[name] = tf.mul(grad, scale);
  }
}

/** Moves the averages of the weights towards them. */
function averageWeights(step: number): void {
  const rate = Math.min(1, 1 / (weightAverage * step));
  tf.tidy(() => {
    for (const [i, average] of averages.entries()) {
      average.assign(tf.add(average, tf.mul(tf.sub(variables[i]!, average), rate)));
    }
  });
}

let position = 0;
let states = zeroStates();
await trainRounds({
  version: tf.version_core,
  charsPerStep: T * B,
  step({ steps }) {
    if (position + T + 1 >= streams.length) {
      position = 0;
      dispose(states);
      states = zeroStates();
    }
    const [loss, lastStates] = step(position, states);
    dispose(states);
    states = lastStates;
    position += T;
    if (weightAverage > 0) averageWeights(steps + 1);
    const value = loss.dataSync()[0]! / T;
    loss.dispose();
    return value;
  },
});
