/**
 * Memory layout: the address of every buffer, as a chain of offsets aligned to cache lines.
 *
 *     0           __heap_base      parameters
 *     ├───────────┼────────────────┼─────────────────────┬───────────┬───────────┬──────────┬──
 *     │ constants │ plan, sync     │ Wxh Whh … Why bh …  │ gradients │ state     │ weight   │
 *     │           │ words, job     │ by                  │           │ slots     │ average  │ …
 *     ├───────────┴────────────────┴─────────────────────┴───────────┴───────────┴──────────┴──
 *
 *      ──┬──────────────┬──────────┬──────────────────────┬────────────────────┬──────────────┐
 *      … │ hyperparams, │ sums of  │ input ids, targets   │ h, c, gates,       │ packed       │
 *        │ flags, norms │ ranks    │                      │ logits, dh, losses │ panels       │
 *      ──┴──────────────┴──────────┴──────────────────────┴────────────────────┴──────────────┘
 *
 * Gradients, sums to send, state slots and the weight average have the form of the parameters, so
 * that the distance from a parameter to each of them is one constant and an update is one pass.
 *
 * `plan` computes the layout from the fields that the host has written at `planFields`. The host
 * reads the resulting offsets from the exported globals, so there is one description of the memory.
 *
 * Shapes in all kernels use these letters (docs/glossary.md), slowest dimension first:
 *
 *     B  batch size, streams side by side      H  hidden units of a layer
 *     T  sequence length, unrolled steps       L  layers
 *     R  rows, T·B; row t·B + b is step t      G  gates of the cell: 1 (RNN), 3 (GRU), 4 (LSTM)
 *        of stream b                           V  vocabulary size, the outputs
 *     I  length of an input vector             P  partial sums of a gradient
 *
 * Ip, Hp and Vp are I, H and V rounded up to whole SIMD vectors. Each gate is padded by itself, so
 * a row of all gates has G·Hp numbers.
 *
 * Padding is zero before and after every kernel, except in gate activations, where it is zero in
 * gradients only. Zero columns of weights and biases make a padded hidden unit 0, and so is every
 * gradient and product that involves it; softmax writes 0 into the padding of the gradient of logits.
 */
import { KC, min, PACKED_A_BYTES, roundUp, splitLength, splitStart } from "./packing";
import { LANES, REAL } from "./simd";
import { allPartials, copyCount, ownStreams, planSumTree, receivedSums } from "./sum_tree";

/** The recurrent cells. */
export enum Cell {
  rnn,
  gru,
  lstm,
}

/** The fields of the plan: words of 32 bits from `planFields` on, written by the host. */
export enum PlanField {
  cell,
  layers,
  inputs,
  hidden,
  outputs,
  seqLength,
  batchSize,
  denseInputs,
  denseTargets,
  training,
  dropout,
  stateSlots,
  weightAverage,
  workers,
  /** This process, from 0, of the `ranks` that share streams and parameters. */
  rank,
  ranks,
}

/** Bytes of a cache line, to which every buffer is aligned. */
export const CACHE_LINE: usize = 64;
/**
 * The most bytes of a row in a chunk of columns of a gradient, and rows that are computed at a time. With
 * smaller parts, rows are packed more often than the adding of partial sums in a smaller cache saves.
 */
export const GRADIENT_CHUNK_BYTES: usize = 4096;
export const GRADIENT_ROWS: usize = 640;
/**
 * Bytes of the rows of Wxh that gradients of character ids are added to at a time: they stay in a cache,
 * and are whole rows for most sizes, as reading parts of rows, which is not consecutive, takes twice the
 * time.
 */
const SCATTER_BYTES: usize = 1 << 20;
/** Space for the plan: more than `PlanField` has words. */
const PLAN_BYTES: usize = 128;
/** Space for the hyperparameters of an update. */
const HYPERPARAM_BYTES: u64 = 128;
/** Bytes of gradients whose squares are summed into one number; see `squareSums`. */
export const NORM_BLOCK_BYTES: usize = 1 << 16;
/** Space for the job that the host dispatches. */
const JOB_BYTES: u64 = 64;
/** Space for the text of a worker's failure. */
export const FAILURE_BYTES: usize = 512;

/**
 * The address of the plan. It is known before `plan` runs, because the host first instantiates the
 * module in one page of memory to ask how many bytes the plan takes.
 */
export const planFields: usize = aligned<usize>(__heap_base);

// A worker's bell: a word that counts the jobs it takes part in, and these bytes behind it two more.
/** Not 0: the worker sleeps until its bell rings. */
export const BELL_SLEEPER: usize = 4;
/** Not 0: the worker waits for its bell; written by the host's threads. */
export const BELL_READY: usize = 8;

// A barrier: the number of times that all have met there, and on cache lines of their own, so that
// polling it does not slow down writes to them, two more words.
/** The workers that have arrived. */
export const BARRIER_ARRIVED: usize = CACHE_LINE;
/** How many of them sleep. */
export const BARRIER_SLEEPING: usize = 2 * CACHE_LINE;
const BARRIER_BYTES: usize = 3 * CACHE_LINE;
/** Where the barrier of the workers of a team is. */
export function teamBarrierOf(team: usize): usize {
  return teamBarriers + team * BARRIER_BYTES;
}

/** Bytes from `failed` to `stopWord`: both are written once at most, and may share a cache line. */
const STOP_WORD: usize = 16;

// Words for synchronization: zero at first.
export let commonBarrier: usize = 0; // where all workers meet; see workers.ts
let teamBarriers: usize = 0; // where the workers of each team of the recurrence meet; see grid.ts
export let bells: usize = 0; // one cache line per worker; see BELL_SLEEPER
export let failed: usize = 0; // not 0: a worker has failed and will reach no further barrier
export let stopWord: usize = 0; // not 0: the results of the job are not needed any more
export let failureText: usize = 0; // UTF-8, for the host
export let job: usize = 0; // see dispatch.ts

export let cell: u32 = Cell.rnn;
export let layers: usize = 1; // L
export let gates: usize = 1; // G
export let hasCellState: bool = false; // the cell carries c beside h: LSTM
export let hasCandidate: bool = false; // a gate scales Whh h alone, which is kept apart: GRU
export let inputs: usize = 0; // I
export let hidden: usize = 0; // H
export let outputs: usize = 0; // V
/** B; of several ranks, the streams of this one. */
export let batchSize: usize = 0;
export let inputsPadded: usize = 0; // Ip
export let hiddenPadded: usize = 0; // Hp
export let outputsPadded: usize = 0; // Vp
export let gatesPadded: usize = 0; // G·Hp

// Weights are stored input-major, [from][to], the transpose of PyTorch's [to][from], so that a
// forward product reads along rows.
let firstLayerWeights: usize = 0; // Wxh [Ip][G·Hp], then Whh [Hp][G·Hp]
let upperLayerWeights: usize = 0; // the same with [Hp][G·Hp] twice, for each layer above the first
let biases: usize = 0; // [G·Hp] per layer
let candidateBiases: usize = 0; // [Hp] per layer, GRU only
export let Why: usize = 0; // [Hp][Vp]
export let by: usize = 0; // [Vp]
/** The address of the first parameter. */
export let parameters: usize = 0;
/** Bytes of all parameters. */
export let parameterBytes: usize = 0;
// The slice of the parameters that this rank updates, in whole blocks of NORM_BLOCK_BYTES; with one
// rank, all of them. State slots and the average have this slice only.
/** The index of the slice's first block. */
export let firstBlock: usize = 0;
export let blocks: usize = 0;
/** The address of the slice's first parameter. */
export let slice: usize = 0;
export let sliceBytes: usize = 0;
// Distances in bytes from a parameter to its gradient, moments, average and second sum to send.
export let toGradient: usize = 0;
export let toMoment1: usize = 0; // the first state slot: a moment, velocity or sum of squares
export let toMoment2: usize = 0; // the second state slot
export let toAverage: usize = 0;
export let toSums: usize = 0; // sum 1 of this rank; others and copies follow; see partial_sums.ts
export let hyperparams: usize = 0; // f64, in the order of optimizers.ts' Hyperparam
export let finiteFlags: usize = 0; // u32, one cache line per worker; see `update`
export let norms: usize = 0; // f64, one per NORM_BLOCK_BYTES of gradients
/** This rank's slice of each of the sums that it receives, one after the other. */
export let received: usize = 0;

export let inputIds: usize = 0; // u32 [R]
export let inputVectors: usize = 0; // [R][Ip], if planned with denseInputs
export let targetIds: usize = 0; // u32 [R]
export let targetVectors: usize = 0; // [R][Vp], if planned with denseTargets
let hiddenStatesBase: usize = 0; // [(T+1)·B][Hp] per layer; the first B rows are the initial state
let cellStatesBase: usize = 0; // the same, LSTM only
let cellTanhsBase: usize = 0; // [R][Hp] per layer, LSTM only, for training
let stateBytes: usize = 0; // bytes of the hidden states of one layer
let gateValuesBase: usize = 0; // [R][G·Hp] per layer, if G > 1
let candidatesBase: usize = 0; // [R][Hp] per layer, GRU only
let droppedBase: usize = 0; // [R][Hp] per layer but the last, if planned with dropout
let rowBytes: usize = 0; // bytes of [R][Hp]
export let logits: usize = 0; // [R][Vp]; then probabilities or dlogits, in place
let dhiddenBase: usize = 0; // [R][Hp], twice if G = 1 and L > 1, where layers alternate
let dhiddenAlternation: usize = 0; // bytes from one to the other
export let dcell: usize = 0; // [B][Hp], LSTM only
export let losses: usize = 0; // [R]
export let recurrentPanels: usize = 0; // [Hp·G·Hp], Whh packed or transposed
export let inputPanels: usize = 0; // [max(Ip, Hp)·G·Hp], Wxh packed, where a product needs it
export let outputPanels: usize = 0; // [Hp·Vp], Why packed
export let scratchA: usize = 0; // one packed block of A per worker
export let scratchB: usize = 0; // one packed block of B per worker
export let scratchBBytes: usize = 0; // bytes of one packed block of B
export let scratchSums: usize = 0; // slots for partial sums of a part of a gradient; see partial_sums.ts
export let sumSlots: usize = 0; // how many each worker has
export let scratchSumBytes: usize = 0; // bytes of a slot
export let scatterBytes: usize = 0; // bytes of each row of Wxh to which gradients are added at a time

/** Wxh of a layer: [Ip][G·Hp] of the first, [Hp][G·Hp] of the others. */
export function Wxh(layer: usize): usize {
  return layer == 0 ? firstLayerWeights : upperLayerWeights + (layer - 1) * 2 * squareBytes();
}

/** Whh of a layer: [Hp][G·Hp]. */
export function Whh(layer: usize): usize {
  const inputBytes = layer == 0 ? aligned(inputsPadded * gatesPadded * REAL) : squareBytes();
  return Wxh(layer) + inputBytes;
}

/** Bytes of [Hp][G·Hp]. */
function squareBytes(): usize {
  return aligned(hiddenPadded * gatesPadded * REAL);
}

/** bh of a layer: [G·Hp]. */
export function bh(layer: usize): usize {
  return biases + layer * aligned(gatesPadded * REAL);
}

/** bhn of a layer, GRU only: [Hp]. */
export function bhn(layer: usize): usize {
  return candidateBiases + layer * aligned(hiddenPadded * REAL);
}

/** The hidden states of a layer: [(T+1)·B][Hp]; the first B rows are the initial state. */
export function hiddenStates(layer: usize): usize {
  return hiddenStatesBase + layer * stateBytes;
}

/** The cell states of a layer, LSTM only: [(T+1)·B][Hp]; the first B rows are the initial state. */
export function cellStates(layer: usize): usize {
  return cellStatesBase + layer * stateBytes;
}

/** tanh c_t of a layer, LSTM only: [R][Hp]; 0 if no backward pass needs it. */
export function cellTanhs(layer: usize): usize {
  return cellTanhsBase == 0 ? 0 : cellTanhsBase + layer * rowBytes;
}

/** The gates of a layer: [R][G·Hp]. If G = 1, the hidden states after each step, which are the gate. */
export function gateValues(layer: usize): usize {
  if (gates == 1) return hiddenStates(layer) + batchSize * hiddenPadded * REAL;
  return gateValuesBase + layer * gates * rowBytes;
}

/** Whh h_{t−1} + bhn of a layer's candidates, GRU only: [R][Hp]. */
export function candidates(layer: usize): usize {
  return candidatesBase + layer * rowBytes;
}

/** The hidden states of a layer after dropout: [R][Hp]. */
export function droppedStates(layer: usize): usize {
  return droppedBase + layer * rowBytes;
}

/** The gradient with respect to the hidden states of a layer after each step: [R][Hp]. */
export function dhidden(layer: usize): usize {
  return dhiddenBase + (layer & 1) * dhiddenAlternation;
}

/** G of a cell. */
export function gateCount(cell: u32): usize {
  return cell == Cell.lstm ? 4 : cell == Cell.gru ? 3 : 1;
}

let cursor: u64 = 0;

/** Reserves `bytes` and returns their address. */
function reserve(bytes: u64): usize {
  const start = cursor;
  cursor = aligned<u64>(start + bytes);
  return <usize>start;
}

/** A number of bytes, rounded up to whole cache lines. */
@inline
function aligned<T>(bytes: T): T {
  return (bytes + <T>CACHE_LINE - 1) & ~(<T>CACHE_LINE - 1);
}

/** Where a block of `bytes` bytes of gradients starts; the end for the block after the last. */
@inline
function blockStart(block: u64, bytes: u64): u64 {
  const start = block * NORM_BLOCK_BYTES;
  return start < bytes ? start : bytes;
}

@inline
function planned(field: PlanField): u32 {
  return load<u32>(planFields + (<usize>field << 2));
}

/**
 * Computes the layout from the fields at `planFields`, and returns the bytes of the whole memory. A
 * result above 2^32 does not fit into a memory, and the layout must not be used.
 *
 * `denseInputs` and `denseTargets` reserve space for vectors beside ids. Without `training` there are
 * no gradients, state slots or averages, and only forward kernels may be called. `dropout` and
 * `weightAverage` reserve space for these; `stateSlots` is 0, 1 or 2. `batchSize` is that of all
 * `ranks` together; a rank may have no streams, and then runs no kernel that computes rows.
 */
export function plan(): f64 {
  cell = planned(PlanField.cell);
  layers = planned(PlanField.layers);
  gates = gateCount(cell);
  hasCellState = cell == Cell.lstm;
  hasCandidate = cell == Cell.gru;
  inputs = planned(PlanField.inputs);
  hidden = planned(PlanField.hidden);
  outputs = planned(PlanField.outputs);
  const denseInputs = planned(PlanField.denseInputs) != 0;
  const denseTargets = planned(PlanField.denseTargets) != 0;
  const training = planned(PlanField.training) != 0;
  const dropout = planned(PlanField.dropout) != 0;
  const stateSlots = planned(PlanField.stateSlots);
  const weightAverage = planned(PlanField.weightAverage) != 0;
  const workers: u64 = planned(PlanField.workers);
  const rank: usize = planned(PlanField.rank);
  const ranks: usize = planned(PlanField.ranks);
  inputsPadded = roundUp(inputs, LANES);
  hiddenPadded = roundUp(hidden, LANES);
  outputsPadded = roundUp(outputs, LANES);
  gatesPadded = gates * hiddenPadded;

  // In 64 bits, in which the largest sizes that the host accepts do not overflow.
  const real: u64 = REAL;
  const Ip: u64 = inputsPadded;
  const Hp: u64 = hiddenPadded;
  const Vp: u64 = outputsPadded;
  const L: u64 = layers;
  const GHp: u64 = gatesPadded;

  cursor = planFields;
  reserve(PLAN_BYTES);
  commonBarrier = reserve(BARRIER_BYTES);
  teamBarriers = reserve(workers * BARRIER_BYTES);
  bells = reserve(workers * CACHE_LINE);
  failed = reserve(CACHE_LINE);
  stopWord = failed + STOP_WORD;
  failureText = reserve(FAILURE_BYTES);
  job = reserve(JOB_BYTES);

  const square: u64 = aligned<u64>(Hp * GHp * real);
  parameters = firstLayerWeights = reserve(aligned<u64>(Ip * GHp * real) + square);
  upperLayerWeights = reserve((L - 1) * 2 * square);
  Why = reserve(Hp * Vp * real);
  biases = reserve(L * aligned<u64>(GHp * real));
  candidateBiases = reserve(hasCandidate ? L * aligned<u64>(Hp * real) : 0);
  by = reserve(Vp * real);
  const bytes: u64 = cursor - parameters;
  parameterBytes = <usize>bytes;
  const allBlocks = <usize>((bytes + NORM_BLOCK_BYTES - 1) / NORM_BLOCK_BYTES);
  firstBlock = splitStart(allBlocks, ranks, rank);
  blocks = splitLength(allBlocks, ranks, rank);
  const sliceStart = blockStart(firstBlock, bytes);
  const ownBytes = blockStart(firstBlock + blocks, bytes) - sliceStart;
  slice = parameters + <usize>sliceStart;
  sliceBytes = <usize>ownBytes;
  toGradient = training ? reserve(bytes) - parameters : 0;
  toMoment1 = training && stateSlots > 0 ? reserve(ownBytes) - slice : 0;
  toMoment2 = training && stateSlots > 1 ? reserve(ownBytes) - slice : 0;
  toAverage = training && weightAverage ? reserve(ownBytes) - slice : 0;
  hyperparams = training ? reserve(HYPERPARAM_BYTES) : 0;
  finiteFlags = training ? reserve(workers * CACHE_LINE) : 0;
  norms = training ? reserve((bytes / NORM_BLOCK_BYTES + 1) * sizeof<f64>()) : 0;
  planSumTree(planned(PlanField.batchSize), rank, ranks, <usize>workers, bytes);
  batchSize = ownStreams;
  toSums = training ? reserve(<u64>copyCount * bytes) - parameters : 0;
  received = training ? reserve(<u64>receivedSums * ownBytes) : 0;

  const B: u64 = batchSize;
  const R: u64 = <u64>planned(PlanField.seqLength) * B;
  inputIds = reserve(R * sizeof<u32>());
  inputVectors = denseInputs ? reserve(R * Ip * real) : 0;
  targetIds = reserve(R * sizeof<u32>());
  targetVectors = denseTargets ? reserve(R * Vp * real) : 0;
  const layerStates: u64 = aligned<u64>((R + B) * Hp * real);
  stateBytes = <usize>layerStates;
  hiddenStatesBase = reserve(L * layerStates);
  cellStatesBase = hasCellState ? reserve(L * layerStates) : 0;
  const layerRows: u64 = aligned<u64>(R * Hp * real);
  rowBytes = <usize>layerRows;
  gateValuesBase = gates > 1 ? reserve(L * gates * layerRows) : 0;
  candidatesBase = hasCandidate ? reserve(L * layerRows) : 0;
  cellTanhsBase = hasCellState && training ? reserve(L * layerRows) : 0;
  droppedBase = dropout ? reserve((L - 1) * layerRows) : 0;
  logits = reserve(R * Vp * real);
  const alternates = gates == 1 && layers > 1;
  dhiddenAlternation = alternates ? rowBytes : 0;
  dhiddenBase = training ? reserve((alternates ? 2 : 1) * layerRows) : 0;
  dcell = training && hasCellState ? reserve(B * Hp * real) : 0;
  losses = reserve(R * real);
  recurrentPanels = reserve(Hp * GHp * real);
  const widest: u64 = max(denseInputs ? Ip : 0, layers > 1 ? Hp : 0);
  inputPanels = reserve(widest * GHp * real);
  outputPanels = reserve(Hp * Vp * real);
  scratchA = reserve(workers * PACKED_A_BYTES);
  const widestRow: u64 = max(GHp, Vp) * real;
  const chunk: u64 = widestRow < GRADIENT_CHUNK_BYTES ? widestRow : GRADIENT_CHUNK_BYTES;
  scratchBBytes = <usize>(KC * chunk);
  scratchB = reserve(workers * scratchBBytes);
  // The rows of a part of a gradient and its sums of columns, or a chunk of Wxh for character ids.
  const rows: u64 = Hp + max(Ip, Hp);
  const most: u64 = (rows < GRADIENT_ROWS ? rows : GRADIENT_ROWS) + 1;
  scatterBytes = max(SCATTER_BYTES / inputsPadded, CACHE_LINE) & ~(CACHE_LINE - 1);
  scatterBytes = min(scatterBytes, aligned(gatesPadded * REAL));
  scratchSumBytes = <usize>aligned<u64>(max(most * chunk, Ip * scatterBytes));
  sumSlots = training ? <usize>ctz(allPartials) : 0;
  scratchSums = reserve(workers * sumSlots * scratchSumBytes);
  return <f64>cursor;
}
