import { assert, assertEquals, assertThrows } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import { InputError } from "../../src/errors.ts";
import { initialParameters } from "../../src/model/initialization.ts";
import { parameterNames, type ParameterSet, zeroParameters } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { precisions } from "../assembly/module.ts";
import { assertParity, vectorsOf } from "../reference/parity.ts";
import { oneHot } from "../reference/network.ts";

const sizes = { inputs: 5, hidden: 7, outputs: 6 };

function randomParameters(random: Xoshiro128, scale = 0.5): ParameterSet {
  const parameters = zeroParameters(sizes, "f64");
  for (const name of parameterNames) {
    parameters[name].forEach((_, i, array) => array[i] = Math.fround(scale * random.normal()));
  }
  return parameters;
}

for (const precision of precisions) {
  Deno.test(`Engine reads back parameters, optimizer state and hidden state, ${precision}`, () => {
    const random = new Xoshiro128(1);
    const engine = new Engine({ ...sizes, precision, seqLength: 2, batchSize: 3 });
    const parameters = randomParameters(random);
    const sums = randomParameters(random);
    const state = Float64Array.from({ length: 21 }, () => Math.fround(random.normal()));
    engine.writeParameters(parameters);
    engine.writeOptimizerState(sums);
    engine.writeHiddenState(state);
    for (const name of parameterNames) {
      assertEquals([...engine.readParameters()[name]], [...parameters[name]]);
      assertEquals([...engine.readOptimizerState()[name]], [...sums[name]]);
    }
    assertEquals([...engine.readHiddenState()], [...state]);
    engine.writeParameter("Wxh", 8, 3);
    assertEquals(engine.readParameters().Wxh[8], 3);
    engine.writeHiddenState();
    assert(engine.readHiddenState().every((h) => h === 0));
  });

  Deno.test(`Engine.carryHiddenState() continues a sequence bit for bit, ${precision}`, () => {
    const random = new Xoshiro128(2);
    const parameters = randomParameters(random);
    for (const batchSize of [1, 3]) {
      const ids = Array.from({ length: 12 * batchSize }, () => random.nextUint32() % 5);
      const long = new Engine({ ...sizes, precision, seqLength: 12, batchSize });
      long.writeParameters(parameters);
      long.inputIds.set(ids);
      long.forward();
      const short = new Engine({ ...sizes, precision, seqLength: 5, batchSize, training: false });
      short.writeParameters(parameters);
      const outputs: number[] = [];
      const states: number[] = [];
      for (const [from, seqLength] of [[0, 5], [5, 4], [9, 1], [10, 2]] as const) {
        short.inputIds.set(ids.slice(from * batchSize, (from + seqLength) * batchSize));
        short.forward(seqLength);
        outputs.push(...short.readOutputs(seqLength));
        states.push(...short.readHiddenStates(seqLength));
        short.carryHiddenState(seqLength);
      }
      assertEquals(outputs, [...long.readOutputs()]);
      assertEquals(states, [...long.readHiddenStates()]);
      long.carryHiddenState();
      assertEquals(short.readHiddenState(), long.readHiddenState());
    }
  });

  Deno.test(`Engine computes the same from ids and one-hot vectors, ${precision}`, () => {
    const random = new Xoshiro128(3);
    const shape = { ...sizes, seqLength: 4, batchSize: 2, precision };
    const parameters = randomParameters(random);
    const byId = new Engine(shape);
    const byVector = new Engine({ ...shape, denseInputs: true, denseTargets: true });
    for (const engine of [byId, byVector]) engine.writeParameters(parameters);
    byId.inputIds.forEach((_, i, ids) => ids[i] = random.nextUint32() % 5);
    byId.targetIds.forEach((_, i, ids) => ids[i] = random.nextUint32() % 6);
    byVector.writeInputVectors(oneHot(byId.inputIds, 5).flatMap((vector) => [...vector]));
    byVector.writeTargetVectors(oneHot(byId.targetIds, 6).flatMap((vector) => [...vector]));
    const [one, other] = [byId, byVector].map((engine) => {
      engine.forward();
      const loss = engine.crossEntropy();
      engine.backward();
      return { loss, gradients: engine.readGradients() };
    });
    const error = precision === "f64" ? 1e-14 : 1e-6;
    assert(Math.abs(one!.loss - other!.loss) < 10 * error);
    for (const name of parameterNames) {
      one!.gradients[name].forEach((g, i) => {
        assert(Math.abs(g - other!.gradients[name][i]!) < error, name);
      });
    }
  });
}

Deno.test("Engine rejects counts, ids and lengths out of range", () => {
  const engine = new Engine({ ...sizes, precision: "f32", seqLength: 3, batchSize: 2 });
  for (const seqLength of [0, 4, -1, 1.5, NaN]) {
    for (
      const method of [
        "forward",
        "crossEntropy",
        "backward",
        "carryHiddenState",
        "softmax",
        "readOutputs",
        "readHiddenStates",
        "readLosses",
      ] as const
    ) {
      assertThrows(() => engine[method](seqLength), RangeError, "whole number from 1 to 3");
    }
  }
  engine.inputIds[5] = 5;
  assertThrows(() => engine.forward(), RangeError, "input id 5 of row 5: it must be below 5");
  engine.forward(2);
  engine.targetIds[1] = 6;
  assertThrows(() => engine.crossEntropy(2), RangeError, "target id 6 of row 1");
  assertThrows(() => engine.writeHiddenState([1]), RangeError, "has 14 numbers, and 1 were given");
  assertThrows(() => engine.writeInputVectors([1]), RangeError, '"denseInputs" false');
  assertThrows(() => engine.writeTargetVectors([1]), RangeError, '"denseTargets" false');
  assertThrows(() => engine.writeParameter("by", 6, 0), RangeError, "by[6]");
  const wrong = { ...zeroParameters(sizes, "f32"), bh: new Float32Array(3) };
  assertThrows(
    () => engine.writeParameters(wrong),
    RangeError,
    "bh has 7 numbers, and 3 were given",
  );
  const reader = new Engine({
    ...sizes,
    precision: "f32",
    seqLength: 3,
    batchSize: 2,
    training: false,
  });
  reader.forward();
  for (const use of [() => reader.backward(), () => reader.readGradients()]) {
    assertThrows(use, RangeError, '"training" false');
  }
  const update = { optimizer: "sgd", lr: 1, gradClip: 0 } as const;
  assertThrows(() => reader.update(update), RangeError, '"training" false');
});

Deno.test("Engine rejects invalid sizes and networks that do not fit into memory", () => {
  for (const name of ["inputs", "hidden", "outputs", "seqLength", "batchSize"] as const) {
    for (const size of [0, -1, 1.5, NaN, 2 ** 31]) {
      const options = {
        ...sizes,
        precision: "f32",
        seqLength: 1,
        batchSize: 1,
        [name]: size,
      } as const;
      assertThrows(
        () => new Engine(options),
        RangeError,
        `"${name}" must be a whole number from 1`,
      );
    }
  }
  const huge = { inputs: 9, outputs: 9, precision: "f64" } as const;
  for (
    const [options, gibibytes] of [
      [{ hidden: 65536, seqLength: 1, batchSize: 1 }, "128.0 GiB"],
      [{ hidden: 8, seqLength: 65536, batchSize: 65536 }, "896.0 GiB"],
      [{ hidden: 60000, outputs: 1114112, seqLength: 65536, batchSize: 65536 }, "GiB"],
    ] as const
  ) {
    const { message } = assertThrows(() => new Engine({ ...huge, ...options }), InputError);
    assert(message.includes("at most 4 fit") && !message.includes("\n"), message);
    assert(message.includes(gibibytes), message);
  }
});

Deno.test("Buffers are aligned, in order and large enough", () => {
  for (const precision of precisions) {
    for (
      const [hidden, outputs, seqLength, batchSize] of [[1, 1, 1, 1], [7, 6, 3, 2], [
        100,
        65,
        25,
        1,
      ]]
    ) {
      const plan = {
        inputs: outputs!,
        hidden: hidden!,
        outputs: outputs!,
        seqLength: seqLength!,
        batchSize: batchSize!,
        denseInputs: true,
        denseTargets: true,
        training: true,
      };
      const { kernels, layout, memory } = instantiate(precision, plan);
      const real = precision === "f64" ? 8 : 4;
      const lanes = 16 / real;
      const rows = seqLength! * batchSize!;
      const { inputsPadded: I, hiddenPadded: H, outputsPadded: V } = layout;
      for (const padded of [I, H, V]) assertEquals(padded % lanes, 0);
      assert(I >= outputs! && H >= hidden! && V >= outputs! && H < hidden! + lanes);
      const areas = [
        [kernels.Wxh(0), I * H * real],
        [kernels.Whh(0), H * H * real],
        [layout.Why, H * V * real],
        [kernels.bh(0), H * real],
        [layout.by, V * real],
        [kernels.Wxh(0) + layout.toGradient, layout.by + V * real - kernels.Wxh(0)],
        [kernels.Wxh(0) + layout.toMoment1, layout.by + V * real - kernels.Wxh(0)],
        [layout.inputIds, rows * 4],
        [layout.inputVectors, rows * I * real],
        [layout.targetIds, rows * 4],
        [layout.targetVectors, rows * V * real],
        [kernels.hiddenStates(0), (rows + batchSize!) * H * real],
        [layout.logits, rows * V * real],
        [layout.losses, rows * real],
      ] as const;
      let end = 0;
      for (const [address, bytes] of areas) {
        assertEquals(address % 64, 0);
        assert(address >= end, "buffers overlap");
        end = address + bytes;
      }
      assert(end <= memory.buffer.byteLength);
    }
  }
});

/** The loop of min-char-rnn: the sequences of a text in order, with the hidden state carried. */
function followReference(
  optimizer: "adagrad" | "sgd",
  lr: number,
  updates: number,
  tolerance: number,
  synchronize: boolean,
): void {
  const text = "Hope is the thing with feathers that perches in the soul. ".repeat(3);
  const characters = [...new Set(text)].toSorted();
  const ids = [...text].map((character) => characters.indexOf(character));
  const size = characters.length;
  const [seqLength, hidden] = [25, 16];
  const random = new Xoshiro128(1);
  const shape = { inputs: size, hidden, outputs: size };
  const engine = new Engine({ ...shape, precision: "f64", seqLength, batchSize: 1 });
  const options = { init: "normal:0.01", precision: "f64", random } as const;
  engine.writeParameters(initialParameters(shape, options));
  let p = -seqLength;
  assertParity({
    engine,
    update: { optimizer, lr, gradClip: 5 },
    updates,
    tolerance,
    synchronize,
    give(update) {
      p += seqLength;
      const fromZero = update === 0 || p + seqLength + 1 >= ids.length;
      if (fromZero) p = 0;
      engine.inputIds.set(ids.slice(p, p + seqLength));
      engine.targetIds.set(ids.slice(p + 1, p + seqLength + 1));
      return { ...vectorsOf(engine), fromZero };
    },
  });
}

for (const optimizer of ["adagrad", "sgd"] as const) {
  Deno.test(`Engine.update() equals the reference in each of 400 updates by ${optimizer} at lr 0.1`, () => {
    followReference(optimizer, 0.1, 400, 1e-12, true);
  });
}

Deno.test("Engine.update() stays with the reference over 300 updates by adagrad", () => {
  followReference("adagrad", 0.002, 300, 1e-9, false);
});

Deno.test("Engine.update() stays with the reference over 300 updates by sgd", () => {
  followReference("sgd", 0.01, 300, 1e-9, false);
});

Deno.test("Engine.clear() restores a new engine, padding included", () => {
  for (const precision of ["f32", "f32-strict", "f64"] as const) {
    const sizes = { inputs: 5, hidden: 3, outputs: 5 };
    const engine = new Engine({ ...sizes, precision, seqLength: 2, batchSize: 2 });
    const step = () => {
      engine.forward();
      const loss = engine.crossEntropy();
      engine.backward();
      return loss;
    };
    const atFirst = step();
    // 0·∞, the update of padding, is NaN.
    engine.update({ optimizer: "adagrad", lr: Infinity, gradClip: 0 });
    engine.carryHiddenState();
    assert(Number.isNaN(step()));
    engine.writeParameters(zeroParameters(sizes, precision));
    assert(!engine.parametersAreFinite());
    engine.clear();
    assert(engine.parametersAreFinite());
    assertEquals(step(), atFirst);
    assert(engine.gradientsAreFinite());
    for (const sum of Object.values(engine.readOptimizerState())) {
      assert(sum.every((x) => x === 0));
    }
    assert(engine.readHiddenState().every((x) => x === 0));
  }
});

Deno.test("Engine.backward() rejects input ids that were written after forward()", () => {
  using engine = new Engine({ ...sizes, precision: "f32", seqLength: 1, batchSize: 1 });
  engine.forward();
  engine.crossEntropy();
  engine.inputIds[0] = 2 ** 32 - 1;
  assertThrows(() => engine.backward(), RangeError, "input id 4294967295");
  engine.inputIds[0] = 0;
  engine.backward();
  assert(engine.gradientsAreFinite());
});

Deno.test("Engine works after an update or an option that it refused", () => {
  using engine = new Engine({ ...sizes, precision: "f32", seqLength: 1, batchSize: 1 });
  engine.forward();
  engine.crossEntropy();
  engine.backward();
  // deno-lint-ignore no-explicit-any -- as from a program without types
  const update = { optimizer: "lion", lr: 0.1, gradClip: 5 } as any;
  assertThrows(() => engine.update(update), RangeError, '"optimizer" must be one of');
  assert(engine.update({ ...update, optimizer: "adagrad" }));
  for (const wrong of [{ denseInputs: "yes" }, { precision: "f16" }, { temprature: 1 }]) {
    // deno-lint-ignore no-explicit-any -- as from a program without types
    const options = { ...engine.options, ...wrong } as any;
    const { message } = assertThrows(() => new Engine(options));
    assert(message.includes(`"${Object.keys(wrong)[0]}"`), message);
  }
});

Deno.test("Engine.update() checks each update, also after others that were right", () => {
  using engine = new Engine({
    ...sizes,
    precision: "f32",
    seqLength: 1,
    batchSize: 1,
    stateSlots: 2,
  });
  const right = { optimizer: "adam", lr: 0.1, gradClip: 5, beta1: 0.9, step: 1 } as const;
  const wrong: readonly Record<string, unknown>[] = [
    ...[{ lr: NaN }, { lr: "0.1" }, { lr: undefined }, { step: 0 }, { step: 1.5 }, { step: "1" }],
    ...[{ optimizer: "adan" }, { gradClip: -1 }, { beta1: 1 }, { momentun: 0 }, { beta2: null }],
  ];
  for (const change of wrong) {
    assert(engine.update(right));
    assert(engine.update({ ...right, lr: 0.2, step: 2 }));
    assertThrows(() => engine.update({ ...right, ...change }));
  }
  // An update is what it was when it was checked.
  const reused = { ...right, beta1: 0.5 as number };
  assert(engine.update(reused));
  reused.beta1 = 7;
  assertThrows(() => engine.update(reused), RangeError);
});
