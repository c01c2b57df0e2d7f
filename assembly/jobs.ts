/**
 * What the host asks for, done by all workers together.
 *
 * The host's functions write down the job, meet the others at the barrier, do their own share, and
 * meet them again when all is done. The others wait in `serve`.
 *
 *     worker 0   forward(…) ─ write ─┤ share ├─ back to the host
 *     worker 1   serve() ────────────┤ share ├─ wait for the next job
 */
import { average as averageShare } from "./average";
import { jobs } from "./layout";
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

function write(kind: u32, count: usize, choice: bool, first: f64, second: f64): void {
  store<u32>(jobs + KIND, kind);
  store<u32>(jobs + COUNT, <u32>count);
  store<u32>(jobs + CHOICE, choice ? 1 : 0);
  store<f64>(jobs + FIRST, first);
  store<f64>(jobs + SECOND, second);
}

function doTogether(kind: u32, count: usize, choice: bool, first: f64, second: f64): void {
  write(kind, count, choice, first, second);
  barrier();
  doShare();
  barrier();
}

function doShare(): void {
  const kind = load<u32>(jobs + KIND);
  const count = <usize>load<u32>(jobs + COUNT);
  const choice = load<u32>(jobs + CHOICE) != 0;
  const first = load<f64>(jobs + FIRST);
  const second = load<f64>(jobs + SECOND);
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
  else if (kind == AVERAGE) averageShare(first);
  else unreachable();
}

/** Takes part in one job after the other, until the host calls `stop`; for all but worker 0. */
export function serve(): void {
  while (true) {
    barrier();
    if (load<u32>(jobs + KIND) == STOP) return;
    doShare();
    barrier();
  }
}

/** Lets the other workers return from `serve`. */
export function stop(): void {
  write(STOP, 0, false, 0, 0);
  barrier();
}

export function forward(steps: usize, denseInputs: bool, p: f64, seed: f64): void {
  doTogether(FORWARD, steps, denseInputs, p, seed);
}

export function backward(steps: usize, denseInputs: bool): void {
  doTogether(BACKWARD, steps, denseInputs, 0, 0);
}

export function softmax(steps: usize): void {
  doTogether(SOFTMAX, steps, false, 0, 0);
}

export function crossEntropyOfIds(steps: usize, scale: f64): void {
  doTogether(CROSS_ENTROPY_OF_IDS, steps, false, scale, 0);
}

export function crossEntropyOfVectors(steps: usize, scale: f64): void {
  doTogether(CROSS_ENTROPY_OF_VECTORS, steps, false, scale, 0);
}

export function squareSums(): void {
  doTogether(SQUARE_SUMS, 0, false, 0, 0);
}

export function adagrad(): void {
  doTogether(ADAGRAD, 0, false, 0, 0);
}

export function sgd(): void {
  doTogether(SGD, 0, false, 0, 0);
}

export function momentum(): void {
  doTogether(MOMENTUM, 0, false, 0, 0);
}

export function rmsprop(): void {
  doTogether(RMSPROP, 0, false, 0, 0);
}

export function adam(): void {
  doTogether(ADAM, 0, false, 0, 0);
}

export function adamw(): void {
  doTogether(ADAMW, 0, false, 0, 0);
}

export function average(rate: f64): void {
  doTogether(AVERAGE, 0, false, rate, 0);
}
