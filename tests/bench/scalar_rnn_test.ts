/** The plain TypeScript that kernels are compared with must equal the reference network. */
import { assert } from "@std/assert";
import { ScalarRnn } from "../../bench/scalar_rnn.ts";
import { randomWorkload } from "../../bench/workload.ts";
import { parameterNames, zeroParameters } from "../../src/model/parameters.ts";
import { referenceUpdate } from "../reference/optimizers.ts";
import { oneHot, referenceGradients } from "../reference/network.ts";

for (const batchSize of [1, 3]) {
  Deno.test(`ScalarRnn computes the reference's training step, B ${batchSize}`, () => {
    const size = { hidden: 7, seqLength: 4, batchSize };
    const workload = randomWorkload(size);
    const { sizes, inputIds, targetIds } = workload;
    const expected = zeroParameters(sizes, "f64");
    for (const name of parameterNames) expected[name].set(workload.parameters[name]);
    const { loss, gradients } = referenceGradients(sizes, expected, {
      ...{ seqLength: size.seqLength, batchSize },
      inputs: oneHot(inputIds, sizes.inputs),
      targets: oneHot(targetIds, sizes.outputs),
      hiddenState: new Float64Array(batchSize * sizes.hidden),
    });

    const network = new ScalarRnn(workload, size);
    for (let pass = 0; pass < 2; pass++) { // The second pass must not depend on the first.
      network.forward();
      assertClose([network.crossEntropy()], [loss], "loss");
      network.backward();
    }
    for (const name of parameterNames) {
      assertClose(network.gradients[name], gradients[name], `gradient of ${name}`);
    }
    const update = { optimizer: "adagrad", lr: 0.1, gradClip: 0.01 } as const;
    referenceUpdate(update, expected, gradients, [zeroParameters(sizes, "f64")]);
    network.update(update);
    for (const name of parameterNames) assertClose(workload.parameters[name], expected[name], name);
  });
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, name: string): void {
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    assert(error <= 1e-12 * Math.max(1, Math.abs(expected[i]!)), `${name}[${i}]: off by ${error}`);
  }
}
