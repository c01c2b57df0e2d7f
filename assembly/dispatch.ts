/**
 * Dispatch: the kernels that several workers run together.
 *
 * The host calls a kernel of this file on worker 0. It writes the job into shared memory, rings the
 * bells of the other workers that take part, runs its own share, and meets them at the barrier when
 * all shares are done. The other workers wait in `workerLoop`; those that take no part sleep on.
 *
 *     worker 0   forward(…) ─ writeJob ─ ring ─ runShare ─┤ return to the host
 *     worker 1   workerLoop() ─ waitForBell ─── runShare ─┤ waitForBell
 *     worker 2   workerLoop() ─ waitForBell
 */
import { arrangeTeams } from "./grid";
import { job } from "./layout";
import { backward as backwardShare, forward as forwardShare } from "./network";
import { squareSums as squareSumsShare, update as updateShare } from "./optimizers";
import { sumReceived as sumReceivedShare } from "./partial_sums";
import { begin, end, Phase } from "./phases";
import {
  crossEntropyOfIds as crossEntropyOfIdsShare,
  crossEntropyOfVectors as crossEntropyOfVectorsShare,
  softmax as softmaxShare,
} from "./softmax";
import { updateWeightAverage as updateWeightAverageShare } from "./weight_average";
import { barrier, ring, setWorkers, waitForBell } from "./workers";

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

// The fields of a job: its kind and number of workers, then a count, a flag and two numbers, whose
// meaning depends on the kind.
const KIND: usize = 0;
const WORKERS: usize = 4;
const COUNT: usize = 8;
const FLAG: usize = 12;
const NUMBER1: usize = 16;
const NUMBER2: usize = 24;

/** The number of workers that take part in the jobs of this host. */
let activeWorkers: usize = 1;

/** Lets `count` workers take part in the next jobs; all of them must be ready. */
export function useWorkers(count: usize): void {
  activeWorkers = count;
}

function writeJob(kind: Kind, count: usize, flag: bool, number1: f64, number2: f64): void {
  store<u32>(job + KIND, kind);
  store<u32>(job + WORKERS, <u32>activeWorkers);
  store<u32>(job + COUNT, <u32>count);
  store<u32>(job + FLAG, flag ? 1 : 0);
  store<f64>(job + NUMBER1, number1);
  store<f64>(job + NUMBER2, number2);
}

function runTogether(kind: Kind, count: usize, flag: bool, number1: f64, number2: f64): void {
  writeJob(kind, count, flag, number1, number2);
  for (let index: usize = 1; index < activeWorkers; index++) ring(index);
  runShare();
  barrier();
}

/** Runs this worker's share of the job in memory. */
function runShare(): void {
  setWorkers(load<u32>(job + WORKERS));
  arrangeTeams();
  const kind = load<u32>(job + KIND);
  const count = <usize>load<u32>(job + COUNT);
  const flag = load<u32>(job + FLAG) != 0;
  const number1 = load<f64>(job + NUMBER1);
  const number2 = load<f64>(job + NUMBER2);
  if (kind == Kind.forward) forwardShare(count, flag, number1, number2);
  else if (kind == Kind.softmax) softmaxShare(count);
  else if (!TRAINS) unreachable();
  else if (kind == Kind.backward) backwardShare(count, flag);
  else if (kind == Kind.crossEntropyOfIds) {
    begin(Phase.softmax);
    crossEntropyOfIdsShare(count, <Real>number1, <Real>number2);
    end();
  } else if (kind == Kind.crossEntropyOfVectors) {
    crossEntropyOfVectorsShare(count, <Real>number1, <Real>number2);
  } else if (kind == Kind.sumReceived) sumReceivedShare();
  else if (kind == Kind.squareSums) squareSumsShare();
  else if (kind == Kind.update) {
    begin(Phase.update);
    updateShare(<u32>count);
    end();
  } else if (kind == Kind.updateWeightAverage) updateWeightAverageShare(number1);
  else unreachable();
}

/** Runs this worker's share of its jobs until the host calls `stop`; for all workers but 0. */
export function workerLoop(): void {
  while (true) {
    waitForBell();
    if (load<u32>(job + KIND) == Kind.stop) return;
    runShare();
    barrier();
  }
}

/** Makes workers 1 to `count` − 1 return from `workerLoop`, those that have not entered it included. */
export function stop(count: usize): void {
  writeJob(Kind.stop, 0, false, 0, 0);
  for (let index: usize = 1; index < count; index++) ring(index);
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

export function crossEntropyOfIds(seqLength: usize, scale: f64, penalty: f64): void {
  runTogether(Kind.crossEntropyOfIds, seqLength, false, scale, penalty);
}

export function crossEntropyOfVectors(seqLength: usize, scale: f64, penalty: f64): void {
  runTogether(Kind.crossEntropyOfVectors, seqLength, false, scale, penalty);
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
