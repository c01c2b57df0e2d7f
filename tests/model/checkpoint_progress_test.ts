import { assertEquals } from "@std/assert";
import { formatMetadata, parseMetadata } from "../../src/model/checkpoint_metadata.ts";
import { checkpointOf } from "./checkpoints.ts";

Deno.test("progress that does not say what was told and measured when is read all the same", () => {
  const checkpoint = checkpointOf("hello", { hidden: 3, batch: 2 });
  const metadata = formatMetadata(checkpoint);
  assertEquals(parseMetadata(metadata, "Reading").progress, checkpoint.progress);
  const { batchLoss: _, validatedStep: __, reportedStep: ___, ended: ____, ...less } =
    checkpoint.progress;
  const progress =
    parseMetadata({ ...metadata, progress: JSON.stringify(less) }, "Reading").progress;
  const unknown = { batchLoss: null, validatedStep: null, reportedStep: null, ended: false };
  assertEquals(progress, { ...less, ...unknown });
});
