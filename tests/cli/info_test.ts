/** `info`: what it prints of runs and of checkpoints. */
import { assert, assertEquals } from "@std/assert";
import { hashWeights } from "../../src/export/weights.ts";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import {
  assertRejected,
  run,
  runInside,
  succeed,
  testProgram,
  tiny,
  trained,
  trainedInside,
} from "./program.ts";
import { metricsOf } from "./runs.ts";

testProgram("info --json has text, model, options, limits, changes and checkpoints", async (f) => {
  await trained(f, "run", "--steps", "3", "--cell", "gru");
  await succeed(f, "train", "--resume", "run", "--steps", "5", "--lr", "0.001");
  const { text, model, config, limits, history, checkpoints, versions, ...others } = JSON.parse(
    await succeed(f, "info", "run", "--json"),
  );
  const latest = await readCheckpoint(`${f}/run`, { which: "latest" });
  const best = await readCheckpoint(`${f}/run`);
  assertEquals(text, { ...latest.corpus, reading: { paths: ["rain.txt"] } });
  assertEquals(model, {
    cell: "gru",
    layers: 2,
    hidden: 6,
    precision: "f32",
    parameters: 847,
    vocabulary_size: 19,
    vocabulary: latest.vocabulary.characters,
  });
  assertEquals(Object.keys(config).length, Object.keys(latest.config).length);
  assertEquals([config.seq_length, config.lr, config.lr_schedule], [
    8,
    0.001,
    latest.config.lrSchedule,
  ]);
  assertEquals(limits, { steps: 5 });
  assertEquals(history.length, 1);
  assertEquals([history[0].step, history[0].changed.steps], [3, { from: 3, to: 5 }]);
  assertEquals(
    checkpoints.map((
      one: { kind: string; path: string; step: number; weights_sha256: string },
    ) => [one.kind, one.path, one.step, one.weights_sha256]),
    [
      ["latest", "run/checkpoint.safetensors", 5, hashWeights(latest)],
      ["best", "run/best.safetensors", best.progress.step, hashWeights(best)],
    ],
  );
  assertEquals(checkpoints[1].val_loss, best.progress.validationLoss);
  assertEquals(Object.keys(versions), ["unroll", "checkpoint_format", "deno"]);
  assertEquals([others.path, others.kind, others.is_training], ["run", "run", false]);
  assert(Math.abs(Date.parse(others.changed_at) - Date.now()) < 600_000);
});

testProgram("info prints a line for each of these, with labels", async (f) => {
  await trained(f, "run", "--steps", "3");
  await succeed(f, "train", "--resume", "run", "--steps", "5");
  const out = await succeed(f, "info", "run");
  const labels = out.split("\n").flatMap((line) => /^(\w[\w ]*):/.exec(line)?.[1] ?? []);
  assertEquals(labels, [
    "Run",
    "Text",
    "Model",
    "Latest",
    "Best",
    "Options",
    "Limits",
    "Changed",
    "Versions",
  ]);
  const words = out.replaceAll(/\s+/g, " ");
  for (
    const part of [
      "run, ended, last written",
      "rain.txt, 588 characters",
      "19 characters",
      "step 5, ",
      "--seq-length 8 --batch-size 2",
      "from step 3 on, --steps 3 to 5",
      "SHA-256 of the weights: ",
    ]
  ) {
    assert(words.includes(part), `${part} in ${out}`);
  }
  const file = await succeed(f, "info", "run/best.safetensors");
  assert(file.startsWith("Checkpoint:  run/best.safetensors\n") && !file.includes("Limits"), file);
});

testProgram("info says of which step a validation loss is", async (f) => {
  // The validation at the end is not a regular one: the latest checkpoint is resumed without it.
  await trained(f, "run", "--steps", "600", "--log-every", "400");
  const { checkpoints: [latest, best] } = JSON.parse(await succeed(f, "info", "run", "--json"));
  assertEquals([latest.step, latest.val_step, best.step], [600, 400, best.val_step]);
  const metrics = metricsOf(`${f}/run`);
  for (const { val_step, val_loss } of [latest, best]) {
    assertEquals(metrics.find(({ step }) => step === val_step)?.val_loss, val_loss);
  }
  const words = (await succeed(f, "info", "run")).replaceAll(/\s+/g, " ");
  assert(words.includes(`validation loss ${latest.val_loss.toFixed(4)} (of step 400) `), words);
  assert(words.includes(`validation loss ${best.val_loss.toFixed(4)} `), words);
});

testProgram("info gives the weights of exports and imports one hash, and reads only", async (f) => {
  await trainedInside(f, "run", "--steps", "3");
  await runInside(["export", `${f}/run`, "--format", "safetensors", "--out", `${f}/w`]);
  await runInside(["import", `${f}/w`, "--out", `${f}/back`]);
  const hash = async (path: string) =>
    JSON.parse((await runInside(["info", `${f}/${path}`, "--json"])).out).checkpoints.at(-1)
      .weights_sha256;
  assertEquals(await hash("back"), await hash("run"));
  await Deno.remove(`${f}/run/best.safetensors`);
  await Deno.remove(`${f}/run/checkpoint.safetensors`);
  const { out } = await runInside(["info", `${f}/run`]);
  assert(out.includes("Checkpoint:  none yet\n"), out);
  for (
    const [path, message] of [["none", /no such file/], ["rain.txt", /rain.txt/], [
      "w",
      /weights alone/,
    ]] as const
  ) {
    await assertRejected(f, ["info", path], message);
  }
  await Deno.mkdir(`${f}/empty`);
  await assertRejected(f, ["info", "empty"], /must be a run folder/);
});

testProgram(
  "train --tensorboard writes an event file for each session, and survives without",
  async (f) => {
    await trained(f, "run", "--steps", "3", "--tensorboard");
    await succeed(f, "train", "--resume", "run", "--steps", "5", "--tensorboard");
    const events = () =>
      [...Deno.readDirSync(`${f}/run`)].filter(({ name }) => name.includes("tfevents"));
    assertEquals(events().length, 2);
    const { code, out } = await run(f, [
      "train",
      "rain.txt",
      "--out",
      "other",
      ...tiny,
      "--steps",
      "2",
    ]);
    assertEquals(code, 0);
    assert(!out.includes("TensorBoard"));
    assertEquals(
      [...Deno.readDirSync(`${f}/other`)].filter(({ name }) => name.includes("tfevents")),
      [],
    );
  },
);
