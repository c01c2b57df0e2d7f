/**
 * The Kubernetes manifest of docs/guide.md: it is YAML, has the fields of the MPI operator's MPIJob,
 * and starts a command that exists. No cluster runs it here.
 */
import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import * as v from "valibot";
import { mpiCommand } from "../src/cli/train_mpi.ts";

const path = new URL("../docs/guide.md", import.meta.url);
const canRead = Deno.permissions.querySync({ name: "read", path }).state === "granted";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const container = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)),
  image: v.string(),
  workingDir: v.optional(v.string()),
  command: v.optional(v.array(v.string())),
  // Numbers without quotes would not be strings, and are refused.
  args: v.optional(v.array(v.string())),
  resources: v.optional(v.strictObject({
    limits: v.record(v.string(), v.union([v.string(), v.number()])),
  })),
  volumeMounts: v.optional(v.array(v.strictObject({ name: v.string(), mountPath: v.string() }))),
});
const replica = v.strictObject({
  replicas: count,
  restartPolicy: v.optional(v.picklist(["Never", "OnFailure"])),
  template: v.strictObject({
    spec: v.strictObject({
      containers: v.tuple([container]),
      volumes: v.optional(v.array(v.strictObject({
        name: v.string(),
        persistentVolumeClaim: v.strictObject({ claimName: v.string() }),
      }))),
    }),
  }),
});
/** The fields of kubeflow.org/v2beta1 that the manifest may have; the operator drops others. */
const manifestSchema = v.strictObject({
  apiVersion: v.literal("kubeflow.org/v2beta1"),
  kind: v.literal("MPIJob"),
  metadata: v.strictObject({ name: v.string() }),
  spec: v.strictObject({
    slotsPerWorker: v.optional(count),
    sshAuthMountPath: v.optional(v.string()),
    mpiImplementation: v.optional(v.picklist(["OpenMPI", "Intel", "MPICH"])),
    launcherCreationPolicy: v.optional(v.picklist(["AtStartup", "WaitForWorkersReady"])),
    runLauncherAsWorker: v.optional(v.boolean()),
    runPolicy: v.optional(v.strictObject({
      cleanPodPolicy: v.optional(v.picklist(["None", "Running", "All"])),
      backoffLimit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
      activeDeadlineSeconds: v.optional(count),
      ttlSecondsAfterFinished: v.optional(count),
    })),
    mpiReplicaSpecs: v.strictObject({ Launcher: replica, Worker: replica }),
  }),
});

Deno.test({
  name: "the manifest of the guide is an MPIJob that starts train-mpi (needs --allow-read)",
  ignore: !canRead,
  fn() {
    const guide = Deno.readTextFileSync(path);
    const [, yaml] = /```yaml\n(apiVersion: kubeflow.*?)```/s.exec(guide)!;
    const { spec } = v.parse(manifestSchema, parse(yaml!));
    const { Launcher: launcher, Worker: worker } = spec.mpiReplicaSpecs;
    const [{ command, args, workingDir, image }] = launcher.template.spec.containers;
    assertEquals([launcher.replicas, command], [1, ["mpirun"]]);
    const ranks = Number(args![args!.indexOf("-n") + 1]);
    assertEquals(ranks, worker.replicas * (spec.slotsPerWorker ?? 1));
    const task = args!.indexOf("deno");
    assertEquals(args!.slice(task, task + 3), ["deno", "task", "train-mpi"]);
    const [text, ...options] = args!.slice(task + 3);
    const known = mpiCommand.options.map(({ name }) => `--${name}`);
    for (const option of options.filter((word) => word.startsWith("--"))) {
      assert(known.includes(option), option);
    }
    // Text and run are on the volume that all workers have.
    const [trainer] = worker.template.spec.containers;
    const [mount] = trainer.volumeMounts!;
    const out = options[options.indexOf("--out") + 1]!;
    for (const file of [text!, out]) assert(file.startsWith(`${mount!.mountPath}/`), file);
    assertEquals(worker.template.spec.volumes!.map(({ name }) => name), [mount!.name]);
    // Ranks start in the folder of the launcher, which must be in the image of the workers.
    assertEquals([workingDir, trainer.image], ["/unroll", image]);
    assertEquals(trainer.command, undefined, "the operator starts an ssh server");
  },
});
