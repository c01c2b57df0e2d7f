/** The facts that kernels and host share: exported by the modules, and named in TypeScript. */
import { assertEquals } from "@std/assert";
import { instantiate } from "../../../src/engine/kernels/instance.ts";
import { cellNames } from "../../../src/model/cells.ts";
import { optimizerNames, optimizers, stateSlotsOf } from "../../../src/model/optimizers.ts";
import { Engine } from "../../../src/engine/engine.ts";
import { precisions } from "../../assembly/module.ts";

const sizes = { inputs: 3, hidden: 4, outputs: 3, seqLength: 2, batchSize: 1 };

for (const precision of precisions) {
  const { constants } = instantiate(precision, sizes);

  Deno.test(`The kernels' enumerations have the names of the host's tables, ${precision}`, () => {
    assertEquals(Object.keys(constants.Cell).toSorted(), [...cellNames].toSorted());
    assertEquals(
      Object.keys(constants.UpdateRule).toSorted(),
      [...optimizerNames, "momentum"].toSorted(),
    );
    assertEquals(Object.keys(constants.PlanField).toSorted(), [
      ...["batchSize", "cell", "denseInputs", "denseTargets", "dropout", "hidden", "inputs"],
      ...["layers", "outputs", "rank", "ranks", "seqLength", "stateSlots", "training"],
      ...["weightAverage", "workers"],
    ]);
    assertEquals(Object.keys(constants.Hyperparam).toSorted(), [
      ...["beta1", "beta2", "correctedLr", "correction2", "epsilon", "gradLimit", "gradScale"],
      ...["lr", "weightDecay"],
    ]);
  });

  Deno.test(`Members of an enumeration have consecutive numbers from 0, ${precision}`, () => {
    const { Cell, UpdateRule, PlanField, Hyperparam } = constants;
    for (const members of [Cell, UpdateRule, PlanField, Hyperparam]) {
      const numbers = Object.values(members).toSorted((a, b) => a - b);
      assertEquals(numbers, Array.from(numbers, (_, i) => i));
    }
  });

  Deno.test(`The plan and the hyperparameters fit into their space, ${precision}`, () => {
    const { layout } = instantiate(precision, { ...sizes, training: true, stateSlots: 2 });
    const words = Object.keys(constants.PlanField).length;
    assertEquals(4 * words <= 128, true);
    const end = layout.hyperparams + 8 * Object.keys(constants.Hyperparam).length;
    assertEquals(end <= layout.finiteFlags, true);
    assertEquals(layout.failureText + constants.FAILURE_BYTES <= layout.parameters, true);
  });
}

Deno.test("stateSlotsOf() counts the slots that an update needs", () => {
  assertEquals(stateSlotsOf({ optimizer: "sgd" }), []);
  assertEquals(stateSlotsOf({ optimizer: "sgd", momentum: 0.5 }), optimizers.sgd.stateSlots);
  for (const optimizer of optimizerNames) {
    const stateSlots = stateSlotsOf({ optimizer }).length;
    using engine = new Engine({ ...sizes, precision: "f32", stateSlots });
    assertEquals(engine.update({ optimizer, lr: 0.1, gradClip: 5 }), true);
  }
});
