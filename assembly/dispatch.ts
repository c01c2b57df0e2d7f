/**
 * What the host asks for, done by all workers together.
 *
 * The host's functions write down the job, meet the others at the barrier, do their own share, and
 * meet them again when all is done. The others wait in `serve`.
 *
 *     worker 0   forward(…) ─ write ─┤ share ├─ back to the host
 *     worker 1   serve() ────────────┤ share ├─ wait for the next job
 */
import { updateWeightAverageShare } from "./weight_average";
import { job } from "./layout";
import { backward as backwardShare, forward as forwardShare } from "./network";
import {
  adagrad as adagradShare,
  adam as adamShare,
  adamw as adamwShare,
  momentum as momentumShare,
  rmsprop as rmspropShare,
  sgd as sgdShare,
  squareSums as squareSumsShare,
} from "./optimizers";
import {
  crossEntropyOfIds as crossEntropyOfIdsShare,
  crossEntropyOfVectors as crossEntropyOfVectorsShare,
  softmax as softmaxShare,
} from "./softmax";
import { barrier } from "./workers";

const FORWARD: u32 = 1;
const BACKWARD: u32 = 2;
const SOFTMAX: u32 = 3;
const CROSS_ENTROPY_OF_IDS: u32 = 4;
const CROSS_ENTROPY_OF_VECTORS: u32 = 5;
const SQUARE_SUMS: u32 = 6;
const ADAGRAD: u32 = 7;
const SGD: u32 = 8;
const MOMENTUM: u32 = 9;
const RMSPROP: u32 = 10;
const ADAM: u32 = 11;
const ADAMW: u32 = 12;
const AVERAGE: u32 = 13;
const STOP: u32 = 14;

// What a job is made of: a number to tell it by, a count, a choice, and two numbers.
const KIND: usize = 0;
const COUNT: usize = 4;
const CHOICE: usize = 8;
const FIRST: usize = 16;
const SECOND: usize = 24;

function writeJob(kind: u32, count: usize, choice: bool, first: f64, second: f64): void {
  store<u32>(job + KIND, kind);
  store<u32>(job + COUNT, <u32>count);
  store<u32>(job + CHOICE, choice ? 1 : 0);
  store<f64>(job + FIRST, first);
  store<f64>(job + SECOND, second);
}

function runTogether(kind: u32, count: usize, choice: bool, first: f64, second: f64): void {
  writeJob(kind, count, choice, first, second);
  barrier();
  runShare();
  barrier();
}

function runShare(): void {
  const kind = load<u32>(job + KIND);
  const count = <usize>load<u32>(job + COUNT);
  const choice = load<u32>(job + CHOICE) != 0;
  const first = load<f64>(job + FIRST);
  const second = load<f64>(job + SECOND);
  if (kind == FORWARD) forwardShare(count, choice, first, second);
  else if (kind == BACKWARD) backwardShare(count, choice);
  else if (kind == SOFTMAX) softmaxShare(count);
  else if (kind == CROSS_ENTROPY_OF_IDS) crossEntropyOfIdsShare(count, <Real>first);
  else if (kind == CROSS_ENTROPY_OF_VECTORS) crossEntropyOfVectorsShare(count, <Real>first);
  else if (kind == SQUARE_SUMS) squareSumsShare();
  else if (kind == ADAGRAD) adagradShare();
  else if (kind == SGD) sgdShare();
  else if (kind == MOMENTUM) momentumShare();
  else if (kind == RMSPROP) rmspropShare();
  else if (kind == ADAM) adamShare();
  else if (kind == ADAMW) adamwShare();
  else if (kind == AVERAGE) updateWeightAverageShare(first);
  else unreachable();
}

/** Takes part in one job after the other, until the host calls `stop`; for all but worker 0. */
export function workerLoop(): void {
  while (true) {
    barrier();
    if (load<u32>(job + KIND) == STOP) return;
    runShare();
    barrier();
  }
}

/** Lets the other workers return from `serve`. */
export function stop(): void {
  writeJob(STOP, 0, false, 0, 0);
  barrier();
}

export function forward(seqLength: usize, denseInputs: bool, p: f64, seed: f64): void {
  runTogether(FORWARD, seqLength, denseInputs, p, seed);
}

export function backward(seqLength: usize, denseInputs: bool): void {
  runTogether(BACKWARD, seqLength, denseInputs, 0, 0);
}

export function softmax(seqLength: usize): void {
  runTogether(SOFTMAX, seqLength, false, 0, 0);
}

export function crossEntropyOfIds(seqLength: usize, scale: f64): void {
  runTogether(CROSS_ENTROPY_OF_IDS, seqLength, false, scale, 0);
}

export function crossEntropyOfVectors(seqLength: usize, scale: f64): void {
  runTogether(CROSS_ENTROPY_OF_VECTORS, seqLength, false, scale, 0);
}

export function squareSums(): void {
  runTogether(SQUARE_SUMS, 0, false, 0, 0);
}

export function adagrad(): void {
  runTogether(ADAGRAD, 0, false, 0, 0);
}

export function sgd(): void {
  runTogether(SGD, 0, false, 0, 0);
}

export function momentum(): void {
  runTogether(MOMENTUM, 0, false, 0, 0);
}

export function rmsprop(): void {
  runTogether(RMSPROP, 0, false, 0, 0);
}

export function adam(): void {
  runTogether(ADAM, 0, false, 0, 0);
}

export function adamw(): void {
  runTogether(ADAMW, 0, false, 0, 0);
}

export function updateWeightAverage(rate: f64): void {
  runTogether(AVERAGE, 0, false, rate, 0);
}
