import type { Command, CommandLine } from "../../src/cli/args.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { SignalHandler } from "../../src/cli/signals.ts";
import { InputError } from "../../src/errors.ts";
import { respond } from "./respond.ts";

const DEFAULT_PORT = 8790;
/** Only this machine can connect. */
const HOST = "127.0.0.1";

/** `deno task page`: serves the page on this machine. */
export const pageCommand: Command = {
  name: "page",
  summary: "Serve the page that trains a model of a text, and looks inside it",
  operands: ["[run...]"],
  options: [
    {
      name: "port",
      value: "N",
      description: "Port of the server; 0: any that is free",
      default: `${DEFAULT_PORT}, or any that is free if it is in use`,
    },
    { name: "open", description: "Open the page in the browser" },
  ],
  notes: [
    "The page trains in the browser, and nothing leaves this machine. With run folders, it shows " +
    "these runs while they are trained, and writes nothing into them.",
  ],
  examples: ["deno task page --open", "deno task page runs/alice"],
  async run(line) {
    const port = readPort(line);
    using signals = new SignalHandler(() => {});
    const server = listen(port, line.operands);
    const address = `http://${HOST}:${server.addr.port}/`;
    printResult(`The page is at ${address}`);
    printMessage("Ctrl-C ends the server");
    if (line.flag("open")) await openBrowser(address);
    await giveUpPermissions();
    return await signals.received;
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

/** Listens on the port, or without one on the default port or any that is free. */
function listen(port: number | undefined, runs: readonly string[]): Deno.HttpServer<Deno.NetAddr> {
  try {
    return listenOn(port ?? DEFAULT_PORT, runs);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse && port === undefined) return listenOn(0, runs);
    const reason = error instanceof Deno.errors.AddrInUse
      ? "it is in use; choose another, or 0 for any that is free"
      : (error as Error).message;
    throw new InputError(`Cannot serve the page at "port" ${port}: ${reason}`, { option: "port" });
  }
}

function listenOn(port: number, runs: readonly string[]): Deno.HttpServer<Deno.NetAddr> {
  const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
    { port, hostname: HOST, onListen: () => {} },
    (request) => respond(request, { runs, port: server.addr.port }),
  );
  return server;
}

/** Gives up what only the start needs, before a request is answered that could misuse it. */
async function giveUpPermissions(): Promise<void> {
  await Deno.permissions.revoke({ name: "run" });
  await Deno.permissions.revoke({ name: "net" });
}

/** Opens an address with the program of the system for it. */
async function openBrowser(address: string): Promise<void> {
  const [program, ...args] = Deno.build.os === "windows"
    ? ["explorer", address]
    : [Deno.build.os === "darwin" ? "open" : "xdg-open", address];
  try {
    const { success } = await new Deno.Command(program!, {
      ...{ args, stdin: "null", stdout: "null", stderr: "null" },
    }).output();
    if (success || Deno.build.os === "windows") return;
  } catch {
    // There is no such program.
  }
  printMessage(`warning: cannot open the browser by ${program}; open the address yourself`);
}
