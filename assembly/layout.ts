/**
 * The memory map: where everything lies, as a chain of aligned offsets.
 *
 *     0          base      parameters                  gradients  memories,  parts, ids,
 *     ├───────────┼─────────┬───────────────────────────┬──────────┬──────────┤ activations,
 *     │ constants │ workers'│ Wxh Whh … Why bh … by     │ the same │ average: │ scratch …
 *     │           │ words   │                           │          │ the same │
 *
 * `plan` computes it from the sizes, touching no memory; the host asks for the offsets, so that the
 * two sides cannot drift apart. Parameters, gradients and what the optimizer remembers of them (Adagrad:
 * sums of squares; Adam: two moments) have one form, so that the update is one pass over all.
 *
 * Letters: L layers, G gates of the cell, I inputs, H hidden units, V outputs, T steps, B streams,
 * R = T·B rows (row t·B + b); Ip, Hp, Vp are the padded sizes. Of G gates each is padded by itself,
 * so that a row of all of them has G·Hp numbers.
 *
 * Every padding is zero before and after every kernel, but for that of gates, which are zero in
 * gradients only: padded columns of weights and biases make a padded hidden unit 0, whose gradient
 * and whose product with anything is 0; the softmax writes 0 into the padded columns of its gradient.
 */
import { LANES, REAL } from "./simd";
import { KC, min, PACKED_A_BYTES } from "./packing";

/** The recurrent cells. */
export const RNN: u32 = 0;
export const GRU: u32 = 1;
export const LSTM: u32 = 2;

/** Every area begins on a cache line. */
export const CACHE_LINE: u64 = 64;
/** Streams for each part of a gradient; fewer would make its products inefficient. */
const STREAMS_PER_PARTIAL: usize = 8;
const MAX_PARTIALS: usize = 4;
/** What the parts beside the first may take in all: 12 MiB. */
const MAX_PARTIAL_BYTES: u64 = 12 << 20;
/** Room for the numbers of an optimizer's rule. */
const HYPERPARAM_BYTES: u64 = 128;
/** Bytes of gradients that have a sum of squares of their own. */
export const NORM_BLOCK_BYTES: u64 = 1 << 16;
/** Room for what the host asks for. */
const JOB_BYTES: u64 = 64;
/** Room for what a failure is called. */
const FAILURE_BYTES: u64 = 512;

// Words by which workers meet: zero at first, and each on a cache line of its own, so that one that
// is watched does not slow down the writing of another.
export let generation: usize = 0; // counts the barriers that all have reached
export let arrived: usize = 0; // how many wait at the barrier now
export let sleeping: usize = 0; // how many of them sleep
export let ready: usize = 0; // how many have begun; the host's threads count it
export let failed: usize = 0; // not 0: a worker has failed, and will reach no barrier any more
export let failureText: usize = 0; // text, for the host
export let job: usize = 0; // the words of job.ts

export let cell: u32 = RNN;
export let layers: usize = 1; // L
export let gates: usize = 1; // G
export let inputs: usize = 0; // I
export let hidden: usize = 0; // H
export let outputs: usize = 0; // V
export let batchSize: usize = 0; // B
/** I, rounded up to whole vectors. */
export let inputsPadded: usize = 0;
/** H, rounded up to whole vectors. */
export let hiddenPadded: usize = 0;
/** V, rounded up to whole vectors. */
export let outputsPadded: usize = 0;
/** G·Hp. */
export let gatesPadded: usize = 0;

// Weights are stored input-major, [from][to], which is the transpose of the mathematics' and
// PyTorch's [to][from]: a forward product then reads along rows.
let firstWeights: usize = 0; // [Ip][G·Hp], then [Hp][G·Hp], of the first layer
let upperWeights: usize = 0; // twice [Hp][G·Hp] for each layer above
let biases: usize = 0; // [G·Hp] for each layer
let candidateBiases: usize = 0; // [Hp] for each layer, only of the GRU
export let Why: usize = 0; // [Hp][Vp]
export let by: usize = 0; // [Vp]
/** Where the parameters begin. */
export let parameters: usize = 0;
/** Bytes of all parameters; the gradients and each of the optimizer's memories take as many. */
export let parameterBytes: usize = 0;
/** From a parameter to its gradient, in bytes. */
export let toGradient: usize = 0;
/** From a parameter to the first thing that the optimizer remembers of it, in bytes. */
export let toMoment1: usize = 0;
/** And to the second. */
export let toMoment2: usize = 0;
/** And to its running average. */
export let toAverage: usize = 0;
export let hyperparams: usize = 0; // f64, the numbers of the optimizer's rule
export let finiteFlags: usize = 0; // u32 on a line for each worker: whether its weights are finite
export let norms: usize = 0; // f64, sums of squares of blocks of the gradients
/** How many parts a gradient has; gradients.ts tells why. */
export let partials: usize = 1;
/** From a parameter to the second part of its gradient, in bytes; the others follow. */
export let toPartials: usize = 0;

export let inputIds: usize = 0; // u32 [R]
export let inputVectors: usize = 0; // [R][Ip], only when planned dense
export let targetIds: usize = 0; // u32 [R]
export let targetVectors: usize = 0; // [R][Vp], only when planned dense
let states: usize = 0; // [(T+1)·B][Hp] for each layer; the first B rows are the initial state
let cellStatesBase: usize = 0; // the same, only of the LSTM
/** Bytes of the states of one layer. */
let stateBytes: usize = 0;
let gatesBase: usize = 0; // [R][G·Hp] for each layer, unless G is 1
let candidatesBase: usize = 0; // [R][Hp] for each layer, only of the GRU
let dropped: usize = 0; // [R][Hp] for each layer but the last, only when planned with dropout
let rowBytes: usize = 0; // bytes of [R][Hp]
export let logits: usize = 0; // [R][Vp]; the softmax turns them into probabilities or gradients
let hiddenGradients: usize = 0; // [R][Hp], twice when layers of one gate take turns
let turnBytes: usize = 0;
export let dcell: usize = 0; // [B][Hp], only of the LSTM
export let losses: usize = 0; // [R]
export let recurrentPanels: usize = 0; // [Hp·G·Hp], Whh packed or transposed
export let inputPanels: usize = 0; // [max(Ip, Hp)·G·Hp], Wxh packed, where it is needed
export let outputPanels: usize = 0; // [Hp·Vp], Why packed
export let scratchA: usize = 0; // a packed block of A for each worker
export let scratchB: usize = 0; // a packed block of B for each worker
/** Bytes of one packed block of B. */
export let scratchBBytes: usize = 0;

/** Wxh of a layer, [Ip][G·Hp] of the first, [Hp][G·Hp] of the others. */
export function Wxh(layer: usize): usize {
  return layer == 0 ? firstWeights : upperWeights + (layer - 1) * 2 * square();
}

/** Whh of a layer, [Hp][G·Hp]. */
export function Whh(layer: usize): usize {
  const own = layer == 0 ? aligned(inputsPadded * gatesPadded * REAL) : square();
  return Wxh(layer) + own;
}

/** Bytes of [Hp][G·Hp]. */
function square(): usize {
  return aligned(hiddenPadded * gatesPadded * REAL);
}

/** bh of a layer, [G·Hp]. */
export function bh(layer: usize): usize {
  return biases + layer * aligned(gatesPadded * REAL);
}

/** The GRU's bhn of a layer, [Hp]. */
export function bhn(layer: usize): usize {
  return candidateBiases + layer * aligned(hiddenPadded * REAL);
}

/** The states of a layer, [(T+1)·B][Hp]; those before the first step come first. */
export function hiddenStates(layer: usize): usize {
  return states + layer * stateBytes;
}

/** The LSTM's cell states of a layer, likewise. */
export function cellStates(layer: usize): usize {
  return cellStatesBase + layer * stateBytes;
}

/** The gates of a layer, [R][G·Hp]; of a cell with one gate, the state after each step. */
export function gateValues(layer: usize): usize {
  if (gates == 1) return hiddenStates(layer) + batchSize * hiddenPadded * REAL;
  return gatesBase + layer * gates * rowBytes;
}

/** The recurrent part of the GRU's candidatesBase of a layer, [R][Hp]. */
export function candidates(layer: usize): usize {
  return candidatesBase + layer * rowBytes;
}

/** What is left of the states of a layer when some are dropped, [R][Hp]. */
export function droppedStates(layer: usize): usize {
  return dropped + layer * rowBytes;
}

/** The gradient with respect to the states of a layer, [R][Hp]. */
export function dhidden(layer: usize): usize {
  return hiddenGradients + (layer & 1) * turnBytes;
}

let cursor: u64 = 0;

/** Reserves `bytes`, and gives where they begin. */
function reserve(bytes: u64): usize {
  const start = cursor;
  cursor = aligned<u64>(start + bytes);
  return <usize>start;
}

/** The bytes that an area of so many takes. */
@inline
function aligned<T>(bytes: T): T {
  return (bytes + <T>CACHE_LINE - 1) & ~(<T>CACHE_LINE - 1);
}

function roundUp(n: usize, unit: usize): usize {
  return ((n + unit - 1) / unit) * unit;
}

/**
 * Lays the memory out, and gives the bytes that it takes in all (more than 2^32 does not fit, and
 * must not be used). Without `training` there is no room for gradients, and only the forward kernels
 * may be called; without `dropout` nothing may be dropped; `memories`, 0 to 2, is how many numbers
 * the optimizer remembers of each parameter; `averaging` leaves room for their average.
 */
export function plan(
  cellKind: u32,
  layerCount: usize,
  inputCount: usize,
  hiddenCount: usize,
  outputCount: usize,
  seqLength: usize,
  batchCount: usize,
  denseInputs: bool,
  denseTargets: bool,
  training: bool,
  dropout: bool,
  stateSlots: usize,
  weightAverage: bool,
  workers: usize,
): f64 {
  cell = cellKind;
  layers = layerCount;
  gates = cell == LSTM ? 4 : cell == GRU ? 3 : 1;
  inputs = inputCount;
  hidden = hiddenCount;
  outputs = outputCount;
  batchSize = batchCount;
  inputsPadded = roundUp(inputs, LANES);
  hiddenPadded = roundUp(hidden, LANES);
  outputsPadded = roundUp(outputs, LANES);
  gatesPadded = gates * hiddenPadded;

  const real: u64 = REAL;
  const rows: u64 = <u64>seqLength * batchSize;
  const I: u64 = inputsPadded;
  const H: u64 = hiddenPadded;
  const V: u64 = outputsPadded;
  const L: u64 = layers;
  const GH: u64 = gatesPadded;

  cursor = aligned<u64>(__heap_base);
  generation = reserve(CACHE_LINE);
  arrived = reserve(CACHE_LINE);
  sleeping = reserve(CACHE_LINE);
  ready = reserve(CACHE_LINE);
  failed = reserve(CACHE_LINE);
  failureText = reserve(FAILURE_BYTES);
  job = reserve(JOB_BYTES);

  const square: u64 = aligned<u64>(H * GH * real);
  parameters = firstWeights = reserve(aligned<u64>(I * GH * real) + square);
  upperWeights = reserve((L - 1) * 2 * square);
  Why = reserve(H * V * real);
  biases = reserve(L * aligned<u64>(GH * real));
  candidateBiases = reserve(cell == GRU ? L * aligned<u64>(H * real) : 0);
  by = reserve(V * real);
  const bytes: u64 = cursor - parameters;
  parameterBytes = <usize>bytes;
  toGradient = training ? reserve(bytes) - parameters : 0;
  toMoment1 = training && stateSlots > 0 ? reserve(bytes) - parameters : 0;
  toMoment2 = training && stateSlots > 1 ? reserve(bytes) - parameters : 0;
  toAverage = training && weightAverage ? reserve(bytes) - parameters : 0;
  hyperparams = training ? reserve(HYPERPARAM_BYTES) : 0;
  finiteFlags = training ? reserve(<u64>workers * CACHE_LINE) : 0;
  norms = training ? reserve((bytes / NORM_BLOCK_BYTES + 1) * sizeof<f64>()) : 0;
  partials = min(max(batchSize / STREAMS_PER_PARTIAL, 1), MAX_PARTIALS);
  partials = min(partials, 1 + <usize>(MAX_PARTIAL_BYTES / bytes));
  toPartials = training ? reserve((partials - 1) * bytes) - parameters : 0;

  inputIds = reserve(rows * sizeof<u32>());
  inputVectors = denseInputs ? reserve(rows * I * real) : 0;
  targetIds = reserve(rows * sizeof<u32>());
  targetVectors = denseTargets ? reserve(rows * V * real) : 0;
  const stateArea: u64 = aligned<u64>((rows + batchSize) * H * real);
  stateBytes = <usize>stateArea;
  states = reserve(L * stateArea);
  cellStatesBase = cell == LSTM ? reserve(L * stateArea) : 0;
  const rowArea: u64 = aligned<u64>(rows * H * real);
  rowBytes = <usize>rowArea;
  gatesBase = gates > 1 ? reserve(L * gates * rowArea) : 0;
  candidatesBase = cell == GRU ? reserve(L * rowArea) : 0;
  dropped = dropout ? reserve((L - 1) * rowArea) : 0;
  logits = reserve(rows * V * real);
  const turns: u64 = gates == 1 && layers > 1 ? 2 : 1;
  turnBytes = turns == 2 ? rowBytes : 0;
  hiddenGradients = training ? reserve(turns * rowArea) : 0;
  dcell = training && cell == LSTM ? reserve(batchSize * H * real) : 0;
  losses = reserve(rows * real);
  recurrentPanels = reserve(H * GH * real);
  const widest: u64 = max(denseInputs ? I : 0, layers > 1 ? H : 0);
  inputPanels = reserve(widest * GH * real);
  outputPanels = reserve(H * V * real);
  scratchA = reserve(<u64>workers * PACKED_A_BYTES);
  scratchBBytes = <usize>(KC * max(GH, V) * real);
  scratchB = reserve(<u64>workers * scratchBBytes);
  return <f64>cursor;
}
