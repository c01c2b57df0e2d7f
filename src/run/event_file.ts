/**
 * TensorBoard's event files: metrics as records of protocol buffers.
 *
 * A record is its length, 8 bytes, little-endian; the masked CRC-32C of these; an `Event`; and the
 * masked CRC-32C of that (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto,
 * tensorflow/core/framework/summary.proto).
 */

import process from "node:process";
import { crc32c } from "../crc32.ts";
import { isAlreadyThere, OpenFile } from "../files/fs.ts";
import { MessageWriter } from "../protobuf.ts";
import type { TrainingMetrics } from "../train/metrics.ts";

/** The version of the format, which the first event names. */
const FILE_VERSION = "brain.Event:2";
/** SessionLog.SessionStatus. */
const START = 1;

/** The fields of an `Event`. */
const STEP = 2;
const VERSION = 3;
const SUMMARY = 5;
const SESSION_LOG = 7;

/** The scalars of metrics, by the names that TensorBoard shows. */
const scalars:
  readonly (readonly [tag: string, of: (metrics: TrainingMetrics) => number | null])[] = [
    ["loss/training", ({ step, loss }) => step === 0 ? null : loss],
    ["loss/batch", ({ batchLoss }) => batchLoss],
    ["loss/validation", ({ validationLoss }) => validationLoss],
    ["learning_rate", ({ lr }) => lr],
    ["epoch", ({ epoch }) => epoch],
    ["chars_per_second", ({ step, charsPerSecond }) => step === 0 ? null : charsPerSecond],
  ];

/**
 * An event file in a run folder. It is created by the first call, and closes with `using`.
 *
 * Each session of a run has a file. It begins with the first step of the session, from which on
 * TensorBoard discards what an earlier one has logged.
 */
export class EventFile implements Disposable {
  readonly #folder: string;
  readonly #firstStep: number;
  #file: OpenFile | null = null;

  /**
   * Creates nothing yet.
   *
   * @param folder The run folder.
   * @param firstStep The first step that will be logged, or may be.
   */
  constructor(folder: string, firstStep: number) {
    this.#folder = folder;
    this.#firstStep = firstStep;
  }

  /**
   * Appends metrics.
   *
   * @throws The error of the operating system if they cannot be written.
   */
  log(metrics: TrainingMetrics): void {
    const summary = new MessageWriter();
    for (const [tag, of] of scalars) {
      const value = of(metrics);
      if (value === null) continue;
      summary.message(1, new MessageWriter().text(1, tag).float(2, value));
    }
    this.#open();
    this.#write(eventOf(metrics.step).message(SUMMARY, summary));
  }

  /**
   * Appends that the run repeats a step: what was logged from it on counts no more.
   *
   * @throws The error of the operating system if it cannot be written.
   */
  restart(firstStep: number): void {
    if (this.#file === null) return;
    this.#write(startAt(firstStep));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = null;
  }

  #open(): void {
    if (this.#file !== null) return;
    this.#file = createFile(this.#folder);
    this.#write(eventOf().text(VERSION, FILE_VERSION));
    this.#write(startAt(this.#firstStep));
  }

  #write(event: MessageWriter): void {
    this.#file!.write(recordOf(event.finish()));
  }
}

/** A new file. Names sort by time, which is the order in which TensorBoard reads them. */
function createFile(folder: string): OpenFile {
  const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, "0");
  for (let count = 0;; count++) {
    const path = `${folder}/events.out.tfevents.${seconds}.unroll.${process.pid}.${count}`;
    try {
      return OpenFile.open(path, { access: "append", createNew: true });
    } catch (error) {
      if (!isAlreadyThere(error)) throw error;
    }
  }
}

function eventOf(step?: number): MessageWriter {
  const event = new MessageWriter().double(1, Date.now() / 1000);
  return step === undefined ? event : event.int(STEP, step);
}

function startAt(step: number): MessageWriter {
  return eventOf(step).message(SESSION_LOG, new MessageWriter().int(1, START));
}

/** The bytes of a record. */
function recordOf(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return bytes;
}

/**
 * The CRC-32C of bytes, rotated right by 15 bits plus a constant: a checksum of data that contains
 * checksums would be weak (tensorflow/core/lib/hash/crc32c.h).
 */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
