/// <reference lib="dom" />
/** Trainings that this browser keeps, in IndexedDB: what a reload, a crash or an update leaves. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { ConfigInput, LimitOptions } from "../../src/mod.ts";
import type { ModelFile, TextSource } from "../worker/protocol.ts";
import type { TrainingRecord } from "../worker/record.ts";

/** A training without its text: everything to continue it with the same bits, and to show it. */
export interface KeptTraining {
  readonly id: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly time: number;
  /** The name of the text. */
  readonly name: string;
  /** Keys of the configuration and limits that the user has set. */
  readonly config: ConfigInput;
  readonly limits: LimitOptions;
  /** What samples begin with. */
  readonly prompt: string;
  readonly latest: ModelFile;
  /** `null` before the first validation. */
  readonly best: ModelFile | null;
  readonly shown: Pick<
    TrainingRecord,
    "status" | "metrics" | "points" | "samples" | "baselines" | "prepared"
  >;
}

interface Schema extends DBSchema {
  readonly trainings: { readonly key: string; readonly value: KeptTraining };
  /** Apart, since they are large and do not change. */
  readonly texts: { readonly key: string; readonly value: TextSource };
}

const NAME = "unroll";

async function withDatabase<T>(fn: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  const database = await openDB<Schema>(NAME, 1, {
    upgrade(created) {
      created.createObjectStore("trainings", { keyPath: "id" });
      created.createObjectStore("texts");
    },
  });
  try {
    return await fn(database);
  } finally {
    database.close();
  }
}

/** Keeps a training in place of its earlier state, as a whole or not at all; the text once. */
export async function writeTraining(
  training: KeptTraining,
  text: TextSource | null,
): Promise<void> {
  await withDatabase(async (database) => {
    const transaction = database.transaction(["trainings", "texts"], "readwrite");
    const writes = [transaction.objectStore("trainings").put(training)];
    if (text !== null) writes.push(transaction.objectStore("texts").put(text, training.id));
    await Promise.all([...writes, transaction.done]);
  });
}

/** The trainings that are kept, the latest first. */
export async function readTrainings(): Promise<KeptTraining[]> {
  const trainings = await withDatabase((database) => database.getAll("trainings"));
  return trainings.toSorted((a, b) => b.time - a.time);
}

/**
 * Reads the text of a training.
 *
 * @throws {Error} if it is missing.
 */
export async function readTrainingText(id: string): Promise<TextSource> {
  const text = await withDatabase((database) => database.get("texts", id));
  if (text === undefined) throw new Error("its text is missing");
  return text;
}

/** Forgets a training. */
export async function deleteTraining(id: string): Promise<void> {
  await withDatabase(async (database) => {
    const transaction = database.transaction(["trainings", "texts"], "readwrite");
    await Promise.all([
      transaction.objectStore("trainings").delete(id),
      transaction.objectStore("texts").delete(id),
      transaction.done,
    ]);
  });
}
