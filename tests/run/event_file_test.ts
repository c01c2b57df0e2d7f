import { assert, assertEquals } from "@std/assert";
import { EventFile } from "../../src/run/event_file.ts";
import { metricsAt } from "../train/metrics.ts";

const isPermitted = (["read", "write"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

/** CRC-32C bit by bit, by RFC 3720, and masked as TensorFlow does. */
function maskedCrcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The data of the records of a file, whose checksums are checked. */
function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    assertEquals(view.getUint32(at + 8, true), maskedCrcOf(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    assertEquals(view.getUint32(at + 12 + length, true), maskedCrcOf(data));
    records.push(data);
    at += length + 16;
  }
  return records;
}

/** The fields of a message, by the wire format. */
function fieldsOf(message: Uint8Array): [field: number, value: number | Uint8Array][] {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const fields: [number, number | Uint8Array][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const field = key >> 3;
    if ((key & 7) === 0) fields.push([field, varint()]);
    else if ((key & 7) === 1) fields.push([field, view.getFloat64((at += 8) - 8, true)]);
    else if ((key & 7) === 5) fields.push([field, view.getFloat32((at += 4) - 4, true)]);
    else {
      const length = varint();
      fields.push([field, message.subarray(at, at += length)]);
    }
  }
  return fields;
}

/** An event of tensorflow/core/util/event.proto. */
function parseEvent(message: Uint8Array) {
  const event = Object.fromEntries(fieldsOf(message));
  const scalars = event[5] === undefined ? undefined : Object.fromEntries(
    fieldsOf(event[5] as Uint8Array).map(([field, value]) => {
      assertEquals(field, 1);
      const { 1: tag, 2: scalar } = Object.fromEntries(fieldsOf(value as Uint8Array));
      return [new TextDecoder().decode(tag as Uint8Array), scalar];
    }),
  );
  return {
    time: event[1],
    step: event[2],
    version: event[3] && new TextDecoder().decode(event[3] as Uint8Array),
    scalars,
    session: event[7] && fieldsOf(event[7] as Uint8Array),
  };
}

Deno.test({
  name:
    "EventFile writes records that TensorBoard's formats describe (needs --allow-read and --allow-write)",
  ignore: !isPermitted,
  fn() {
    const folder = Deno.makeTempDirSync();
    try {
      {
        using events = new EventFile(folder, 1);
        events.restart(9);
        assertEquals([...Deno.readDirSync(folder)], []);
        events.log(metricsAt(0, { batchLoss: null, charsPerSecond: 0 }));
        events.log(metricsAt(300, { loss: 1.5, validationLoss: 1.25, lr: 0.5, charsPerSecond: 8 }));
        events.restart(101);
      }
      const [{ name }] = [...Deno.readDirSync(folder)] as [Deno.DirEntry];
      assert(/^events\.out\.tfevents\.\d{10}\.unroll\.\d+\.0$/.test(name), name);
      const events = recordsOf(Deno.readFileSync(`${folder}/${name}`)).map(parseEvent);
      for (const { time } of events) assert(Math.abs(Number(time) - Date.now() / 1000) < 60);
      const others = events.map(({ time: _, ...others }) => others);
      const none = { version: undefined, scalars: undefined, session: undefined };
      assertEquals(others, [
        { ...none, step: undefined, version: "brain.Event:2" },
        { ...none, step: 1, session: [[1, 1]] },
        { ...none, step: 0, scalars: { learning_rate: Math.fround(0.01), epoch: 0.5 } },
        {
          ...none,
          step: 300,
          scalars: {
            "loss/training": 1.5,
            "loss/batch": 3,
            "loss/validation": 1.25,
            learning_rate: 0.5,
            epoch: 0.5,
            chars_per_second: 8,
          },
        },
        { ...none, step: 101, session: [[1, 1]] },
      ]);
      // A second session at the same time has a file of its own.
      using again = new EventFile(folder, 2);
      again.log(metricsAt(2));
      assertEquals([...Deno.readDirSync(folder)].length, 2);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
