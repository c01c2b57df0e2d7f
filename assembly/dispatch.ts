/**
 * Dispatch: the kernels that all workers run together.
 *
 * The host calls a kernel of this file on worker 0. It writes the job into shared memory, meets the
 * other workers at the barrier, runs its own share, and meets them again when all shares are done.
 * The other workers wait in `workerLoop`.
 *
 *     worker 0   forward(…) ─ writeJob ─┤ runShare ├─ return to the host
 *     worker 1   workerLoop() ──────────┤ runShare ├─ wait for the next job
 */
import { sumReceived as sumReceivedShare } from "./gradients";
import { job } from "./layout";
import { backward as backwardShare, forward as forwardShare } from "./network";
import { squareSums as squareSumsShare, update as updateShare } from "./optimizers";
import {
  crossEntropyOfIds as crossEntropyOfIdsShare,
  crossEntropyOfVectors as crossEntropyOfVectorsShare,
  softmax as softmaxShare,
} from "./softmax";
import { updateWeightAverage as updateWeightAverageShare } from "./weight_average";
import { barrier } from "./workers";

/** What the workers are to run. */
const enum Kind {
  forward,
  backward,
  softmax,
  crossEntropyOfIds,
  crossEntropyOfVectors,
  sumReceived,
  squareSums,
  update,
  updateWeightAverage,
  stop,
}

// The fields of a job: its kind, a count, a flag and two numbers, whose meaning depends on the kind.
const KIND: usize = 0;
const COUNT: usize = 4;
const FLAG: usize = 8;
const NUMBER1: usize = 16;
const NUMBER2: usize = 24;

function writeJob(kind: Kind, count: usize, flag: bool, number1: f64, number2: f64): void {
  store<u32>(job + KIND, kind);
  store<u32>(job + COUNT, <u32>count);
  store<u32>(job + FLAG, flag ? 1 : 0);
  store<f64>(job + NUMBER1, number1);
  store<f64>(job + NUMBER2, number2);
}

function runTogether(kind: Kind, count: usize, flag: bool, number1: f64, number2: f64): void {
  writeJob(kind, count, flag, number1, number2);
  barrier();
  runShare();
  barrier();
}

/** Runs this worker's share of the job in memory. */
function runShare(): void {
  const kind = load<u32>(job + KIND);
  const count = <usize>load<u32>(job + COUNT);
  const flag = load<u32>(job + FLAG) != 0;
  const number1 = load<f64>(job + NUMBER1);
  const number2 = load<f64>(job + NUMBER2);
  if (kind == Kind.forward) forwardShare(count, flag, number1, number2);
  else if (kind == Kind.backward) backwardShare(count, flag);
  else if (kind == Kind.softmax) softmaxShare(count);
  else if (kind == Kind.crossEntropyOfIds) crossEntropyOfIdsShare(count, <Real>number1);
  else if (kind == Kind.crossEntropyOfVectors) crossEntropyOfVectorsShare(count, <Real>number1);
  else if (kind == Kind.sumReceived) sumReceivedShare();
  else if (kind == Kind.squareSums) squareSumsShare();
  else if (kind == Kind.update) updateShare(<u32>count);
  else if (kind == Kind.updateWeightAverage) updateWeightAverageShare(number1);
  else unreachable();
}

/** Runs this worker's share of every job until the host calls `stop`; for all workers but 0. */
export function workerLoop(): void {
  while (true) {
    barrier();
    if (load<u32>(job + KIND) == Kind.stop) return;
    runShare();
    barrier();
  }
}

/** Makes the other workers return from `workerLoop`. */
export function stop(): void {
  writeJob(Kind.stop, 0, false, 0, 0);
  barrier();
}

export function forward(
  seqLength: usize,
  denseInputs: bool,
  dropout: f64,
  dropoutSeed: f64,
): void {
  runTogether(Kind.forward, seqLength, denseInputs, dropout, dropoutSeed);
}

export function backward(seqLength: usize, denseInputs: bool): void {
  runTogether(Kind.backward, seqLength, denseInputs, 0, 0);
}

export function softmax(seqLength: usize): void {
  runTogether(Kind.softmax, seqLength, false, 0, 0);
}

export function crossEntropyOfIds(seqLength: usize, scale: f64): void {
  runTogether(Kind.crossEntropyOfIds, seqLength, false, scale, 0);
}

export function crossEntropyOfVectors(seqLength: usize, scale: f64): void {
  runTogether(Kind.crossEntropyOfVectors, seqLength, false, scale, 0);
}

export function sumReceived(): void {
  runTogether(Kind.sumReceived, 0, false, 0, 0);
}

export function squareSums(): void {
  runTogether(Kind.squareSums, 0, false, 0, 0);
}

export function update(rule: u32): void {
  runTogether(Kind.update, rule, false, 0, 0);
}

export function updateWeightAverage(rate: f64): void {
  runTogether(Kind.updateWeightAverage, 0, false, rate, 0);
}
