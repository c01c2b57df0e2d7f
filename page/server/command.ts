import type { Command, CommandLine } from "../../src/cli/args.ts";
import { printResult } from "../../src/cli/output.ts";
import { InputError } from "../../src/errors.ts";
import { respond } from "./respond.ts";

const DEFAULT_PORT = 8790;

/** `deno task page`: serves the page on this machine. */
export const pageCommand: Command = {
  name: "page",
  summary: "Serve the page that trains a model of a text and looks inside it",
  operands: ["[run...]"],
  options: [
    {
      name: "port",
      value: "N",
      description: "Port of the server; 0: any that is free",
      default: `${DEFAULT_PORT}, or a free one if that is in use`,
    },
    { name: "open", description: "Open the page in the browser" },
  ],
  notes: [],
  async run(line) {
    const server = listen(readPort(line), line.operands);
    printResult(`http://127.0.0.1:${server.addr.port}/`);
    await server.finished;
    return 0;
  },
};

function readPort(line: CommandLine): number | undefined {
  const port = line.number("port");
  if (port === undefined || Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new InputError(
    `Cannot serve the page: "port" must be a whole number from 0 to 65535, not ${port}`,
    { option: "port" },
  );
}

function listen(port: number | undefined, runs: readonly string[]): Deno.HttpServer<Deno.NetAddr> {
  const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
    { port: port ?? DEFAULT_PORT, hostname: "127.0.0.1", onListen: () => {} },
    (request) => respond(request, { runs, port: server.addr.port }),
  );
  return server;
}
