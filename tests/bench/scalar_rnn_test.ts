/** The plain TypeScript that kernels are timed against does what they do: the reference says so. */
import { assert, assertEquals } from "@std/assert";
import { multiply, multiplyByTransposed, multiplyTransposed } from "../../bench/scalar_rnn.ts";
import { ScalarRnn } from "../../bench/scalar_rnn.ts";
import { randomWorkload } from "../../bench/network_size.ts";
import { parameterNames, zeroParameters } from "../../src/model/parameters.ts";
import { referenceUpdate } from "../reference/optimizers.ts";
import { oneHot, referenceGradients } from "../reference/rnn.ts";

for (const batchSize of [1, 3]) {
  Deno.test(`a step of plain TypeScript is the reference's, B ${batchSize}`, () => {
    const size = { hidden: 7, seqLength: 4, batchSize };
    const setting = randomWorkload(size);
    const { sizes, inputIds, targetIds } = setting;
    const wanted = zeroParameters(sizes, "f64");
    for (const name of parameterNames) wanted[name].set(setting.parameters[name]);
    const { loss, gradients } = referenceGradients(sizes, wanted, {
      ...{ seqLength: size.seqLength, batchSize },
      inputs: oneHot(inputIds, sizes.inputs),
      targets: oneHot(targetIds, sizes.outputs),
      hiddenState: new Float64Array(batchSize * sizes.hidden),
    });

    const network = new ScalarRnn(setting, size);
    for (let time = 0; time < 2; time++) { // Nothing is left over from the first.
      network.forward();
      assertClose([network.crossEntropy()], [loss], "loss");
      network.backward();
    }
    for (const name of parameterNames) {
      assertClose(network.gradients[name], gradients[name], `gradient of ${name}`);
    }
    const update = { optimizer: "adagrad", lr: 0.1, gradClip: 0.01 } as const;
    referenceUpdate(update, wanted, gradients, [zeroParameters(sizes, "f64")]);
    network.update(0.1, 0.01);
    for (const name of parameterNames) assertClose(setting.parameters[name], wanted[name], name);
  });
}

Deno.test("the three products agree about transposition", () => {
  const a = [1, 2, 3, 4, 5, 6]; // 2 × 3
  const aTransposed = [1, 4, 2, 5, 3, 6];
  const b = [1, 0, 2, 1, -1, 3]; // 3 × 2
  const bTransposed = [1, 2, -1, 0, 1, 3];
  const product = [2, 11, 8, 23];
  const c = Float64Array.of(0, 0, 0, 100);
  const real = (values: number[]) => Float64Array.from(values);
  multiply(c, real(a), real(b), 2, 3, 2);
  assertEquals([...c], [2, 11, 8, 123]);
  multiplyByTransposed(c.fill(0), real(a), real(bTransposed), 2, 3, 2);
  assertEquals([...c], product);
  multiplyTransposed(c.fill(0), real(aTransposed), real(b), 2, 3, 2);
  assertEquals([...c], product);
});

function assertClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs(actual[i]! - wanted[i]!);
    assert(error <= 1e-12 * Math.max(1, Math.abs(wanted[i]!)), `${what}[${i}]: off by ${error}`);
  }
}
