/**
 * Times each kernel: `deno bench`, without flags or permissions.
 *
 * There is a group for each kernel and size. Its baseline is the f32 module, next to the same
 * formulas in plain float64 TypeScript (scalar_rnn.ts). Results are verified against each other
 * before they are timed.
 */
import { iterationsFor } from "./iterations.ts";
import {
  type KernelProduct,
  matrixVectorProduct,
  packedProduct,
  transposedProduct,
} from "./kernel_products.ts";
import { addMatmul, addMatmulTN, type MatmulOperands } from "./scalar_matmul.ts";
import { ScalarRnn } from "./scalar_rnn.ts";
import { createEngine, updateOptions } from "./training_step.ts";
import { verify } from "./verify.ts";
import { formatSize, randomWorkload, VOCABULARY_SIZE, workloadSizes } from "./workload.ts";

/** Bound on the rounding errors of f32, relative to the largest result. */
const TOLERANCE = 1e-4;
/** V, padded to whole vectors as in the engine. */
const PADDED_VOCABULARY = Math.ceil(VOCABULARY_SIZE / 4) * 4;
/** What an exponential costs, in multiply-adds. */
const EXP_COST = 20;

for (const size of workloadSizes) {
  const { hidden, seqLength, batchSize } = size;
  const rows = seqLength * batchSize;
  const name = formatSize(size);

  benchProduct(
    `${name}: product, ${rows} × ${hidden} × ${PADDED_VOCABULARY}`,
    packedProduct({ rows, depth: hidden, columns: PADDED_VOCABULARY }),
    { scalar: addMatmul, m: rows, k: hidden, n: PADDED_VOCABULARY },
  );
  benchProduct(
    `${name}: transposed product, ${hidden} × ${rows} × ${hidden}`,
    transposedProduct({ rows: hidden, depth: rows, columns: hidden }),
    { scalar: addMatmulTN, m: hidden, k: rows, n: hidden },
  );
  benchProduct(
    `${name}: matrix-vector product, ${hidden} × ${hidden}`,
    matrixVectorProduct({ depth: hidden, columns: hidden }),
    { scalar: addMatmul, m: 1, k: hidden, n: hidden },
  );

  const { engine, loss } = createEngine(size);
  const network = new ScalarRnn(randomWorkload(size), size);
  network.forward();
  verify([loss], [network.crossEntropy()], { name: `${name}, loss`, tolerance: TOLERANCE });
  engine.backward();
  network.backward();
  verify(engine.readGradients().Whh, network.gradients.Whh, {
    name: `${name}, gradient of Whh`,
    tolerance: TOLERANCE,
  });

  const forwardCost = rows * hidden * (hidden + VOCABULARY_SIZE);
  const parameters = hidden * hidden + (2 * VOCABULARY_SIZE + 1) * hidden + VOCABULARY_SIZE;
  benchPair(`${name}: forward`, {
    kernel: () => engine.forward(),
    scalar: () => network.forward(),
    multiplyAdds: forwardCost,
  });
  // Repeated calls read the gradients of the call before as logits: other numbers, the same time.
  benchPair(`${name}: softmax and cross-entropy`, {
    kernel: () => engine.crossEntropy(),
    scalar: () => network.crossEntropy(),
    multiplyAdds: EXP_COST * rows * VOCABULARY_SIZE,
  });
  benchPair(`${name}: backward`, {
    kernel: () => engine.backward(),
    scalar: () => network.backward(),
    multiplyAdds: 2 * forwardCost,
  });
  benchPair(`${name}: update`, {
    kernel: () => engine.update(updateOptions),
    scalar: () => network.update(updateOptions),
    multiplyAdds: 5 * parameters, // A square root and a division take as long as a few of them.
  });
}

/** The scalar product that a kernel is compared with, and its dimensions. */
interface ScalarProduct extends Pick<MatmulOperands, "m" | "k" | "n"> {
  readonly scalar: typeof addMatmul;
}

/** Verifies a product of the module, then times it. */
function benchProduct(
  group: string,
  { a, b, c, run }: KernelProduct,
  { scalar, m, k, n }: ScalarProduct,
): void {
  const operands = { a: Float64Array.from(a), b: Float64Array.from(b), m, k, n };
  const expected = new Float64Array(c.length);
  const runScalar = () => scalar(expected.fill(0), operands);
  run();
  runScalar();
  verify(c, expected, { name: group, tolerance: TOLERANCE });
  benchPair(group, { kernel: run, scalar: runScalar, multiplyAdds: m * k * n });
}

/** A kernel and the plain TypeScript that it is compared with. */
interface Pair {
  readonly kernel: () => void;
  readonly scalar: () => void;
  /** About how many multiply-adds a run takes. */
  readonly multiplyAdds: number;
}

/** Times a kernel, the baseline of its group, next to plain TypeScript. */
function benchPair(group: string, { kernel, scalar, multiplyAdds }: Pair): void {
  Deno.bench({ group, name: `${group}: f32`, baseline: true, fn: () => kernel() });
  Deno.bench({
    ...iterationsFor(multiplyAdds),
    group,
    name: `${group}: plain float64 TypeScript`,
    fn: () => scalar(),
  });
}
