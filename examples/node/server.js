/**
 * A server that writes a completion while the model generates it:
 *
 *     node server.js ../../runs/alice
 *     curl --no-buffer "http://localhost:8000/?prompt=Alice%20was%20"
 *
 * @module
 */
import { createServer } from "node:http";
import { InputError, sampleStream } from "@unroll/unroll";
import { readCheckpoint } from "@unroll/unroll/files";

const MAX_LENGTH = 100_000;
const model = await readCheckpoint(process.argv[2]);

const server = createServer(async (request, response) => {
  const { searchParams } = new URL(request.url, "http://localhost");
  const prompt = searchParams.get("prompt") ?? "";
  const length = Math.min(Number(searchParams.get("length") ?? 500), MAX_LENGTH);
  const options = { length, temperature: 0.7, ...prompt && { prompt } };
  try {
    // A wrong length, or a character that the model does not know, throws before the first one.
    const characters = sampleStream(model, options);
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    for await (const character of characters) {
      // The client has left: leaving the loop ends the computation.
      if (response.destroyed) break;
      response.write(character);
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    response.writeHead(400, { "content-type": "text/plain; charset=utf-8" });
    response.write(error.message);
  }
  response.end();
});

server.listen(Number(process.env.PORT ?? 8000), "localhost", () => {
  console.log(`http://localhost:${server.address().port}/`);
});
