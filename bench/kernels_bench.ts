/**
 * Each kernel at each size: `deno bench`, without flags or permissions.
 *
 * A group for each kernel and size: the f32 module, and the same mathematics in plain float64
 * TypeScript (bench/scalar_rnn.ts). Before anything is timed, the two are held against each other.
 */
import {
  multiply as scalarMultiply,
  multiplyTransposed as scalarMultiplyTransposed,
  ScalarRnn,
} from "./scalar_rnn.ts";
import { type Product, product, transposedProduct, vectorProduct } from "./kernel_products.ts";
import { iterationsFor } from "./iterations.ts";
import { formatSize, networkSizes, randomWorkload, VOCABULARY_SIZE } from "./network_size.ts";
import { createEngine, update } from "./training_step.ts";
import { verify } from "./verify.ts";

/** What rounding in f32 may change, relative to the largest number. */
const TOLERANCE = 1e-4;
/** V, padded as the engine does. */
const COLUMNS = Math.ceil(VOCABULARY_SIZE / 4) * 4;

for (const size of networkSizes) {
  const { hidden, seqLength, batchSize } = size;
  const rows = seqLength * batchSize;
  const square = hidden * hidden;
  const name = formatSize(size);

  const logits = { rows, depth: hidden, columns: COLUMNS };
  benchProduct(`${name}: product, ${rows} × ${hidden} × ${COLUMNS}`, product(logits), (c, a, b) => {
    scalarMultiply(c.fill(0), a, b, rows, hidden, COLUMNS);
  }, rows * hidden * COLUMNS);
  const weights = { rows: hidden, depth: rows, columns: hidden };
  benchProduct(
    `${name}: transposed product, ${hidden} × ${rows} × ${hidden}`,
    transposedProduct(weights),
    (c, a, b) => scalarMultiplyTransposed(c.fill(0), a, b, hidden, rows, hidden),
    rows * square,
  );
  benchProduct(
    `${name}: matrix-vector, ${hidden} × ${hidden}`,
    vectorProduct({ depth: hidden, columns: hidden }),
    (c, a, b) => scalarMultiply(c, a, b, 1, hidden, hidden),
    square,
  );

  const setting = randomWorkload(size);
  const { engine, loss } = createEngine(size);
  const network = new ScalarRnn(setting, size);
  network.forward();
  verify(`${name}, loss`, [loss], [network.crossEntropy()], TOLERANCE);
  engine.backward();
  network.backward();
  const gradients = engine.readGradients();
  verify(`${name}, gradient of Whh`, gradients.Whh, network.gradients.Whh, TOLERANCE);

  const forwardWork = rows * (square + hidden * VOCABULARY_SIZE);
  const parameters = square + (2 * VOCABULARY_SIZE + 1) * hidden + VOCABULARY_SIZE;
  benchPair(
    `${name}: forward`,
    () => engine.forward(),
    () => network.forward(),
    forwardWork,
  );
  // Run again and again, it takes its own gradient for logits: other numbers, the same work.
  benchPair(
    `${name}: softmax and cross-entropy`,
    () => engine.crossEntropy(),
    () => network.crossEntropy(),
    20 * rows * VOCABULARY_SIZE, // An exponential is some 20 operations.
  );
  benchPair(
    `${name}: backward`,
    () => engine.backward(),
    () => network.backward(),
    2 * forwardWork,
  );
  benchPair(
    `${name}: update`,
    () => engine.update(update),
    () => network.update(update.lr, update.gradClip),
    5 * parameters,
  );
}

function benchProduct(
  group: string,
  { a, b, c, run }: Product,
  scalar: (c: Float64Array, a: Float64Array, b: Float64Array) => void,
  work: number,
): void {
  const [a64, b64, c64] = [Float64Array.from(a), Float64Array.from(b), new Float64Array(c.length)];
  run();
  scalar(c64, a64, b64);
  verify(group, c, c64, TOLERANCE);
  benchPair(group, run, () => scalar(c64, a64, b64), work);
}

/** The module and plain TypeScript; `work` is about how many multiply-adds both do. */
function benchPair(group: string, module: () => void, scalar: () => void, work: number): void {
  Deno.bench({ group, name: `${group}: f32`, baseline: true, fn: () => module() });
  Deno.bench({
    ...{ group, name: `${group}: plain float64 TypeScript` },
    ...iterationsFor(work),
    fn: () => scalar(),
  });
}
