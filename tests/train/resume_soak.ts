import { assertResumesWithSameBits, configs, precisions } from "./resumption.ts";

for (const precision of precisions) {
  for (const [name, config] of Object.entries(configs)) {
    Deno.test(`Trainer.fromCheckpoint() continues with the same bits: ${precision}, ${name}`, async () => {
      await assertResumesWithSameBits({ ...config, precision });
    });
  }
}
