/**
 * The grid of workers in the recurrence: teams share out the streams of a batch, and the workers of a
 * team share out the units of its streams. With B = 8 and six workers in two teams:
 *
 *     streams 0 to 3   worker 0: units 0 …   worker 1: units 16 …   worker 2: units 32 …
 *     streams 4 to 7   worker 3              worker 4               worker 5
 *
 * Streams are independent, so teams of one worker meet nobody. With few streams for each, though, rows
 * of the register tile stay empty, and each core reads all of Whh in every step. Workers of a team
 * fill the tile and read a part of Whh each, but meet after every step, because each needs all of h,
 * or of da. `teamCount` weighs these costs. No sum is split, so the grid changes no bit.
 */
import {
  batchSize,
  CACHE_LINE,
  cell,
  gateCount,
  hidden,
  hiddenPadded,
  teamBarrierOf,
} from "./layout";
import { ceilDiv, min, MR, NR, panelWidth, roundUp, SHORT_MR, SHORT_NR, splitLength, splitStart } from "./packing";
import { LANES, REAL, VECTOR } from "./simd";
import { meetAt, worker, workers } from "./workers";

/** With fewer streams per worker that keeps to its own, too many rows of the register tile stay empty. */
export const MIN_STREAMS_PER_WORKER: usize = 12;
/** With fewer weights in Whh, a barrier after each step of a single stream takes longer than it saves. */
const MIN_SHARED_WEIGHTS: usize = 1 << 16;

/**
 * Whether several workers split the units of a single stream of such a layer. The host asks before it
 * chooses a number of threads.
 */
export function unitsAreShared(cell: u32, hidden: usize): bool {
  const padded = roundUp(hidden, LANES);
  return padded * padded * gateCount(cell) >= MIN_SHARED_WEIGHTS;
}

// Costs in cycles, as measured (docs/benchmarks.md): of a step of the depth in a tile of MR rows × NR
// vectors, in one of 1 or 2 rows, in one of 3 or 4 rows, and in the short tile; of a vector of gates; of
// a barrier of two workers, and what each further one adds; of a cache line that another core has
// written; of one that the second-level cache has no room for.
const TILE: f64 = 6;
const LOW_TILE: f64 = 3.2;
const HALF_TILE: f64 = 5;
const SHORT_TILE: f64 = 6.7;
const GATE_VECTOR: f64 = 14;
const BARRIER: f64 = 730;
const ARRIVAL: f64 = 260;
const WRITTEN_LINE: f64 = 26;
const FAR_LINE: f64 = 16;
/** Bytes of Whh that the second-level cache of most processors has room for. */
const NEAR_BYTES: usize = 1 << 20;
/** Teams of several workers must be so much faster: when other programs run, they wait for each other. */
const MARGIN: f64 = 0.8;

/** Cycles of a step of the depth for all rows of a panel of NR vectors. */
function tileCycles(rows: usize): f64 {
  if (panelWidth(rows) == SHORT_NR) {
    return <f64>ceilDiv(rows, SHORT_MR) * SHORT_TILE * <f64>NR / <f64>SHORT_NR;
  }
  const panels = ceilDiv(rows, MR);
  const height = ceilDiv(rows, panels);
  return <f64>panels * (height <= 2 ? LOW_TILE : height <= 4 ? HALF_TILE : TILE);
}

/** Cycles of a step, forward and backward, of the worker with the most work. */
function stepCycles(
  teams: usize,
  members: usize,
  cell: u32,
  padded: usize,
  streams: usize,
  workers: usize,
): f64 {
  const gates = <f64>gateCount(cell);
  const depth = <f64>padded;
  const rows = ceilDiv(streams, teams);
  const units = min(ceilDiv(lineCount(padded), members) * LINE_UNITS, padded);
  const panels = gates * <f64>ceilDiv(units / LANES, panelWidth(rows)) *
    (<f64>panelWidth(rows) / <f64>NR);
  let products = panels * depth * tileCycles(rows);
  const weightBytes = gates * depth * <f64>(units * REAL);
  if (weightBytes > <f64>NEAR_BYTES) {
    // They are fetched while the tile computes; what takes longer counts.
    products = max(products, weightBytes / <f64>CACHE_LINE * FAR_LINE);
  }
  let cycles = 2 * (products + gates * <f64>(rows * units / LANES) * GATE_VECTOR);
  const line = <f64>LINE_UNITS;
  if (members > 1) {
    cycles += 2 * (BARRIER + <f64>(members - 2) * ARRIVAL);
    // h and da of the other members.
    const others = 1.0 - 1.0 / <f64>members;
    cycles += <f64>rows * (1 + gates) * depth * others / line * WRITTEN_LINE;
  }
  // Gates, h and dh cross between cores unless a worker keeps to its own streams; see rows.ts.
  if (members > 1 || streams < workers * MIN_STREAMS_PER_WORKER) {
    const others = 1.0 - 1.0 / <f64>workers;
    cycles += <f64>ceilDiv(streams, workers) * (gates + 2) * depth * others / line * WRITTEN_LINE;
  }
  return cycles;
}

/** Units of a cache line. Each worker of a team has whole lines, which then have one writer. */
const LINE_UNITS: usize = CACHE_LINE / REAL;

/** Cache lines of a row of H. */
@inline
function lineCount(padded: usize): usize {
  return ceilDiv(padded, LINE_UNITS);
}

// The grid that `choose` has chosen.
let teams: usize = 1;
let members: usize = 1;

/** Chooses the grid for a layer. */
function choose(cell: u32, hidden: usize, streams: usize, workers: usize): void {
  if (streams <= 1) {
    teams = 1;
    members = unitsAreShared(cell, hidden) ? workers : 1;
    return;
  }
  const padded = roundUp(hidden, LANES);
  const most = min(streams, workers);
  teams = most;
  members = 1;
  // The module that only samples has to be small, and samples are many or one.
  if (!TRAINS) return;
  let least = MARGIN * stepCycles(most, 1, cell, padded, streams, workers);
  for (let count = most; count > 0; count--) {
    const size = teamSizeFor(workers / count, padded);
    if (size == 1) continue;
    const cycles = stepCycles(count, size, cell, padded, streams, workers);
    if (cycles < least) {
      least = cycles;
      teams = count;
      members = size;
    }
  }
}

/** The fewest workers, at most `most`, whose largest share of the units is as small as with `most`. */
function teamSizeFor(most: usize, padded: usize): usize {
  const lines = lineCount(padded);
  return ceilDiv(lines, ceilDiv(lines, min(most, lines)));
}

/**
 * The number of teams in the recurrence of a layer; workers that are in no team are idle. A single
 * stream is one team.
 *
 * @param hidden H.
 */
export function teamCount(cell: u32, hidden: usize, streams: usize, workers: usize): usize {
  choose(cell, hidden, streams, workers);
  gridWorkers = 0;
  return teams;
}

/** The workers of each of these teams. */
export function teamSize(cell: u32, hidden: usize, streams: usize, workers: usize): usize {
  choose(cell, hidden, streams, workers);
  gridWorkers = 0;
  return members;
}

/** The number of workers that the grid was last computed for. */
let gridWorkers: usize = 0;

/** Computes the grid of the current job. */
export function arrangeTeams(): void {
  if (gridWorkers == workers) return;
  choose(cell, hidden, batchSize, workers);
  gridWorkers = workers;
}

/** Whether several workers share the streams of a team. */
export function unitsAreSplit(): bool {
  return members > 1;
}

/** Whether this worker has no part in the recurrence. */
export function isIdle(): bool {
  return worker >= teams * members;
}

/** The index of this worker in its team. */
@inline
export function member(): usize {
  return worker % members;
}

/** The index of this worker's team. */
@inline
export function team(): usize {
  return worker / members;
}

/** The number of teams. */
@inline
export function allTeams(): usize {
  return teams;
}

/** This team's first stream. */
export function teamStart(): usize {
  return splitStart(batchSize, teams, team());
}

/** How many streams are this team's. */
export function teamLength(): usize {
  return splitLength(batchSize, teams, team());
}

/** The most streams of a team. */
export function mostStreams(): usize {
  return ceilDiv(batchSize, teams);
}

/** The first of this worker's units, in bytes of a row of H. */
export function unitOffset(): usize {
  return unitBoundary(member());
}

/** The bytes of this worker's units in a row of H. */
export function unitBytes(): usize {
  return unitBoundary(member() + 1) - unitBoundary(member());
}

/** A single stream has one row, whose lines are few: it is split by vectors. */
function unitBoundary(member: usize): usize {
  const bytes = hiddenPadded * REAL;
  const unit = batchSize > 1 ? CACHE_LINE : VECTOR;
  return min(splitStart(ceilDiv(bytes, unit), members, member) * unit, bytes);
}

/** Waits until all workers of the team have reached this. */
export function teamBarrier(): void {
  if (members > 1) meetAt(teamBarrierOf(team()), members);
}
