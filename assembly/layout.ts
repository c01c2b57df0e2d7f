/**
 * The memory map: where everything lies, as a chain of aligned offsets.
 *
 *     0          base      parameters              gradients    sums         ids, targets,
 *     ├───────────┼─────────┬───────────────────────┬────────────┬────────────┤ activations,
 *     │ constants │ control │ Wxh Whh Why bh by     │ the same   │ the same   │ scratch …
 *
 * `plan` computes it from the sizes, touching no memory; the host reads the offsets from the
 * module's exported globals, so that the two sides cannot drift apart. Parameters, gradients and
 * Adagrad's sums have one form, so that the update is one pass over all three.
 *
 * Letters: I inputs, H hidden units, V outputs, T steps, B streams, R = T·B rows (row t·B + b);
 * Ip, Hp, Vp are the padded sizes. Every padding is zero before and after every kernel: padded
 * columns of Wxh, Whh and bh make a padded hidden unit tanh(0) = 0, whose gradient and whose
 * product with anything is 0; the softmax writes 0 into the padded columns of its gradient.
 */
import { LANES, REAL } from "./lanes";
import { DEPTH, PACKED_A_BYTES } from "./packing";

/** Every area begins on a cache line. */
export const ALIGNMENT: u64 = 64;
/** Streams for each part of a gradient; fewer would make its products inefficient. */
const STREAMS_OF_PART: usize = 8;
const MOST_PARTS: usize = 4;
/** What the parts beside the first may take in all: 12 MiB. */
const MOST_PART_BYTES: u64 = 12 << 20;
/** Room for what the host asks for. */
const JOB_BYTES: u64 = 64;
/** Room for what a failure is called. */
const FAILURE_BYTES: u64 = 512;

// Words by which workers meet: zero at first, and each on a cache line of its own, so that one that
// is watched does not slow down the writing of another.
export let passed: usize = 0; // counts the barriers that all have reached
export let arrived: usize = 0; // how many wait at the barrier now
export let asleep: usize = 0; // how many of them sleep
export let ready: usize = 0; // how many have begun; the host's threads count it
export let failed: usize = 0; // not 0: a worker has failed, and will reach no barrier any more
export let failure: usize = 0; // text, for the host
export let jobs: usize = 0; // the words of jobs.ts

export let inputs: usize = 0; // I
export let hidden: usize = 0; // H
export let outputs: usize = 0; // V
export let streams: usize = 0; // B
/** I, rounded up to whole vectors. */
export let inputsPadded: usize = 0;
/** H, rounded up to whole vectors. */
export let hiddenPadded: usize = 0;
/** V, rounded up to whole vectors. */
export let outputsPadded: usize = 0;

// Weights are stored input-major, [from][to], which is the transpose of the mathematics' and
// PyTorch's [to][from]: a forward product then reads along rows.
export let Wxh: usize = 0; // [Ip][Hp]
export let Whh: usize = 0; // [Hp][Hp]
export let Why: usize = 0; // [Hp][Vp]
export let bh: usize = 0; // [Hp]
export let by: usize = 0; // [Vp]
/** Bytes of all parameters; the gradients and Adagrad's sums take as many. */
export let parameterBytes: usize = 0;
/** From a parameter to its gradient, in bytes. */
export let toGradient: usize = 0;
/** From a parameter to Adagrad's sum of its squared gradients, in bytes. */
export let toSum: usize = 0;

/** How many parts a gradient has; gradients.ts tells why. */
export let parts: usize = 1;
/** Bytes of one part of all gradients. */
export let partBytes: usize = 0;
/** From a parameter to the second part of its gradient, in bytes; the others follow. */
export let toParts: usize = 0;

export let inputIds: usize = 0; // u32 [R]
export let inputVectors: usize = 0; // [R][Ip], only when planned dense
export let targetIds: usize = 0; // u32 [R]
export let targetVectors: usize = 0; // [R][Vp], only when planned dense
export let hiddenStates: usize = 0; // [(T+1)·B][Hp]; the first B rows are the initial state
export let logits: usize = 0; // [R][Vp]; the softmax turns them into probabilities or gradients
export let hiddenGradients: usize = 0; // [R][Hp]
export let losses: usize = 0; // [R]
export let recurrentPanels: usize = 0; // [Hp·Hp], Whh packed or transposed
export let outputPanels: usize = 0; // [Hp·Vp], Why packed
export let inputPanels: usize = 0; // [Ip·Hp], Wxh packed, only when planned dense
export let scratchA: usize = 0; // a packed block of A for each worker
export let scratchB: usize = 0; // a packed block of B for each worker
/** Bytes of one packed block of B. */
export let scratchBBytes: usize = 0;

let cursor: u64 = 0;

/** Reserves `bytes`, and gives where they begin. */
function reserve(bytes: u64): usize {
  const start = cursor;
  cursor = (start + bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  return <usize>start;
}

function roundUp(n: usize, unit: usize): usize {
  return ((n + unit - 1) / unit) * unit;
}

/**
 * Lays the memory out, and gives the bytes that it takes in all (more than 2^32 does not fit, and
 * must not be used). Without `training` there is no room for gradients and sums, and only the
 * forward kernels may be called.
 */
export function plan(
  inputCount: usize,
  hiddenCount: usize,
  outputCount: usize,
  steps: usize,
  streamCount: usize,
  denseInputs: bool,
  denseTargets: bool,
  training: bool,
  workers: usize,
): f64 {
  inputs = inputCount;
  hidden = hiddenCount;
  outputs = outputCount;
  streams = streamCount;
  inputsPadded = roundUp(inputs, LANES);
  hiddenPadded = roundUp(hidden, LANES);
  outputsPadded = roundUp(outputs, LANES);

  const real: u64 = REAL;
  const rows: u64 = <u64>steps * streams;
  const I: u64 = inputsPadded;
  const H: u64 = hiddenPadded;
  const V: u64 = outputsPadded;

  cursor = (<u64>__heap_base + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  passed = reserve(ALIGNMENT);
  arrived = reserve(ALIGNMENT);
  asleep = reserve(ALIGNMENT);
  ready = reserve(ALIGNMENT);
  failed = reserve(ALIGNMENT);
  failure = reserve(FAILURE_BYTES);
  jobs = reserve(JOB_BYTES);
  Wxh = reserve(I * H * real);
  Whh = reserve(H * H * real);
  Why = reserve(H * V * real);
  bh = reserve(H * real);
  by = reserve(V * real);
  const parameters: u64 = cursor - Wxh;
  parameterBytes = <usize>parameters;
  toGradient = training ? reserve(parameters) - Wxh : 0;
  toSum = training ? reserve(parameters) - Wxh : 0;
  parts = min(max(streams / STREAMS_OF_PART, 1), MOST_PARTS);
  parts = min(parts, 1 + <usize>(MOST_PART_BYTES / parameters));
  partBytes = parameterBytes;
  toParts = training ? reserve((parts - 1) * parameters) - Wxh : 0;

  inputIds = reserve(rows * sizeof<u32>());
  inputVectors = denseInputs ? reserve(rows * I * real) : 0;
  targetIds = reserve(rows * sizeof<u32>());
  targetVectors = denseTargets ? reserve(rows * V * real) : 0;
  hiddenStates = reserve((rows + streams) * H * real);
  logits = reserve(rows * V * real);
  hiddenGradients = training ? reserve(rows * H * real) : 0;
  losses = reserve(rows * real);
  recurrentPanels = reserve(H * H * real);
  outputPanels = reserve(H * V * real);
  inputPanels = denseInputs ? reserve(I * H * real) : 0;
  scratchA = reserve(<u64>workers * PACKED_A_BYTES);
  scratchBBytes = <usize>(DEPTH * max(H, V) * real);
  scratchB = reserve(<u64>workers * scratchBBytes);
  return <f64>cursor;
}
