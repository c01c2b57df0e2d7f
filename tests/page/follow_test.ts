import { assert, assertEquals, assertMatch } from "@std/assert";
import { foldersOf, follow } from "../../page/server/follow.ts";
import {
  type BaselinesEvent,
  type CheckpointEvent,
  checkpointPath,
  EVENTS_PATH,
  type FollowEvent,
  type RunStateEvent,
} from "../../page/server/follow_protocol.ts";
import { refuse } from "../../page/server/guard.ts";
import { respond } from "../../page/server/respond.ts";
import { readCheckpoint, readCorpus } from "../../src/files/mod.ts";
import {
  decodeCheckpoint,
  measureBaselines,
  resolveConfig,
  Trainer,
  type TrainingMetrics,
} from "../../src/mod.ts";
import { Run, RunFolder } from "../../src/run/mod.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { contentsOf, isDenied, namesIn } from "../folders.ts";
import { appendMetrics } from "./long_run.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(30));
const config = { hidden: 8, seqLength: 10, batchSize: 2 };
const limits = { steps: 40, logEvery: 4, sampleEvery: 0 };

const ignore = isDenied || Deno.permissions.querySync({ name: "net" }).state !== "granted";

/** A server that follows runs, and the stream of its events. */
interface Followed {
  readonly origin: string;
  readonly folder: string;
  /** Metrics of each run, as a page holds them. */
  readonly metrics: TrainingMetrics[][];
  /** The state of each run. */
  readonly states: RunStateEvent[];
  readonly checkpoints: Record<"best" | "latest", CheckpointEvent["checkpoint"]>[];
  readonly baselines: BaselinesEvent[];
  /** Reads events until a condition holds. */
  until(condition: () => boolean): Promise<void>;
}

/** A test with a server that follows run folders in a temporary folder. */
function testFollowing(
  name: string,
  names: readonly string[],
  fn: (followed: Followed) => Promise<void>,
): void {
  const options = { name: `${name} (needs --allow-net, -read and -write)`, ignore };
  Deno.test(options, async () => {
    const folder = Deno.makeTempDirSync();
    const runs = names.map((name) => `${folder}/${name}`);
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => follow(request, runs),
    );
    const origin = `http://127.0.0.1:${server.addr.port}`;
    const response = await fetch(`${origin}${EVENTS_PATH}`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const metrics = runs.map((): TrainingMetrics[] => []);
    const states: RunStateEvent[] = [];
    const checkpoints = runs.map((): Followed["checkpoints"][number] => ({
      best: null,
      latest: null,
    }));
    const baselines: BaselinesEvent[] = [];
    let rest = "";
    const take = (event: FollowEvent) => {
      if (event.type === "run") states[event.run] = event;
      else if (event.type === "baselines") baselines[event.run] = event;
      else if (event.type === "metrics") {
        metrics[event.run]!.splice(event.kept, Infinity, ...event.added);
      } else if (event.type === "checkpoint") {
        checkpoints[event.run]![event.which] = event.checkpoint;
      }
    };
    const until = async (condition: () => boolean) => {
      while (!condition()) {
        const { value, done } = await reader.read();
        assert(!done, "the stream must not end");
        const events = (rest + value).split("\n\n");
        rest = events.pop()!;
        for (const event of events) {
          if (event !== ":") take(JSON.parse(event.replace(/^data: /, "")));
        }
      }
    };
    try {
      await fn({ origin, folder, metrics, states, checkpoints, baselines, until });
    } finally {
      await reader.cancel();
      await server.shutdown();
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

const stepsOf = (metrics: readonly TrainingMetrics[] = []) => metrics.map(({ step }) => step);
const everyFour = [1, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40];

testFollowing(
  "follow() sends a run that starts later, is trained, resumed and removed",
  ["run"],
  async ({ folder, origin, metrics, states, checkpoints, until }) => {
    const path = `${folder}/run`;
    await until(() => states.length === 1);
    assertEquals([states[0]!.runConfig, states[0]!.errors], [null, []]);
    {
      using run = await Run.create(corpus, { path, config, limits: { ...limits, steps: 22 } });
      await until(() => states[0]!.isTraining);
      await run.train();
      await until(() => metrics[0]!.at(-1)?.step === 22 && checkpoints[0]!.latest !== null);
    }
    await until(() => !states[0]!.isTraining);
    assertEquals(states[0]!.runConfig?.config.hidden, 8);
    assertEquals(stepsOf(metrics[0]), [...everyFour.slice(0, 6), 22]);

    const before = [namesIn(path), contentsOf(path)];
    const { version, progress } = checkpoints[0]!.latest!;
    assertEquals([progress.step, progress.ended], [22, true]);
    const response = await fetch(origin + checkpointPath(0, { which: "latest", version }));
    const sent = await decodeCheckpoint(new Uint8Array(await response.arrayBuffer()));
    assertEquals(sent, await readCheckpoint(path, { which: "latest" }));
    assertEquals([namesIn(path), contentsOf(path)], before);

    {
      using run = await Run.resume(await RunFolder.open(path), corpus, { limits: { steps: 40 } });
      await run.train();
    }
    // The line of the end of the first part is gone.
    await until(() => metrics[0]!.at(-1)?.step === 40);
    assertEquals(stepsOf(metrics[0]), everyFour);
    await until(() => checkpoints[0]!.latest?.progress.step === 40);
    const old = await fetch(origin + checkpointPath(0, { which: "latest", version }));
    assertEquals(old.status, 204);
    await old.body?.cancel();

    Deno.removeSync(path, { recursive: true });
    await until(() => states[0]!.runConfig === null);
    assertEquals([states[0]!.errors, metrics[0]!.length], [[], everyFour.length]);
    {
      using run = await Run.create(corpus, { path, config, limits: { ...limits, steps: 6 } });
      await run.train();
    }
    await until(() => checkpoints[0]!.latest?.progress.step === 6);
    assertEquals(stepsOf(metrics[0]), [1, 4, 6]);
  },
);

testFollowing(
  "follow() names damaged files in one line each, and reads them again when they are mended",
  ["run"],
  async ({ folder, states, metrics, checkpoints, until }) => {
    const path = `${folder}/run`;
    {
      using run = await Run.create(corpus, { path, config, limits });
      await run.train();
    }
    await until(() => metrics[0]!.length > 0 && checkpoints[0]!.latest !== null);
    const { latest } = checkpoints[0]!;
    const damages: [name: string, damage: (file: string) => void][] = [
      ["checkpoint.safetensors", (file) => Deno.writeTextFileSync(file, "garbage")],
      ["checkpoint.safetensors", (file) => Deno.truncateSync(file, 100)],
      ["best.safetensors", (file) => Deno.writeTextFileSync(file, "")],
      ["best.safetensors", (file) => {
        Deno.removeSync(file);
        Deno.symlinkSync(`${path}/metrics.jsonl`, file);
      }],
      ["config.json", (file) => Deno.writeTextFileSync(file, "{")],
      ["metrics.jsonl", (file) => {
        Deno.removeSync(file);
        Deno.mkdirSync(file);
      }],
    ];
    for (const [name, damage] of damages) {
      const file = `${path}/${name}`;
      const good = Deno.readFileSync(file);
      damage(file);
      await until(() => states[0]!.errors.length > 0);
      for (const error of states[0]!.errors) assertMatch(error, /^Cannot read the [^\n]+$/);
      assert(states[0]!.errors[0]!.includes(`${path}`), name);
      assertEquals(stepsOf(metrics[0]), everyFour);
      assertEquals(checkpoints[0]!.latest?.progress, latest!.progress);
      Deno.removeSync(file);
      Deno.writeFileSync(file, good);
      await until(() => states[0]!.errors.length === 0);
    }
    assertEquals(stepsOf(metrics[0]), everyFour);
  },
);

testFollowing(
  "follow() says in one line how many lines of the metrics cannot be read",
  ["run"],
  async ({ folder, states, metrics, until }) => {
    const path = `${folder}/run`;
    {
      using run = await Run.create(corpus, { path, config, limits });
      await run.train();
    }
    const file = `${path}/metrics.jsonl`;
    const good = Deno.readTextFileSync(file);
    await until(() => metrics[0]!.length === everyFour.length);
    assertEquals(states[0]!.errors, []);
    // As written by a program that has no learning rate.
    Deno.writeTextFileSync(file, good.replace(/"lr":[^,]+,/g, ""));
    await until(() => states[0]!.errors.length > 0);
    assertEquals(states[0]!.errors.length, 1);
    const [error] = states[0]!.errors;
    assertMatch(error!, /^Cannot read the metrics .*run\/metrics\.jsonl": 11 lines are left out/);
    Deno.writeTextFileSync(file, good);
    await until(() => states[0]!.errors.length === 0);
    await until(() => metrics[0]!.length === everyFour.length);
  },
);

testFollowing(
  "follow() sends several runs, and thousands of metrics",
  ["a/run", "b/run", "c"],
  async ({ folder, origin, states, metrics, until }) => {
    Deno.mkdirSync(`${folder}/a`);
    for (const name of ["a/run", "c"]) {
      using run = await Run.create(corpus, { path: `${folder}/${name}`, config, limits });
      await run.train();
    }
    await until(() => stepsOf(metrics[0]).length > 0 && stepsOf(metrics[2]).length > 0);
    appendMetrics(`${folder}/c`, 20_000);
    await until(() => metrics[2]!.length === everyFour.length + 20_000);
    assertEquals(metrics[2]!.at(-1)!.step, 20_040);
    assertEquals(states[1]!.runConfig, null);
    for (const path of ["/runs/3/best.safetensors", "/runs/", "/runs/0/config.json", "/runs/-1"]) {
      const response = await fetch(origin + path);
      assertEquals(response.status, 404, path);
      await response.body?.cancel();
    }
  },
);

testFollowing(
  "follow() sends baselines of the text of a run, if it is still the one",
  ["read", "changed", "missing", "pipe"],
  async ({ folder, baselines, until }) => {
    const shells = "she sells sea shells by the sea shore. ".repeat(40);
    for (const name of ["read", "changed", "missing"]) {
      Deno.writeTextFileSync(`${folder}/${name}.txt`, shells + name);
      using text = await readCorpus(`${folder}/${name}.txt`);
      const path = `${folder}/${name}`;
      if (name === "missing") Deno.removeSync(`${folder}/missing.txt`);
      if (name === "changed") Deno.writeTextFileSync(`${folder}/changed.txt`, shells + "Changed");
      using _ = await Run.create(text, { path, config, limits });
    }
    // A pipe that no process writes to would never end.
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe.txt`] }).output();
    using _ = await Run.create(corpusFromText(shells, `${folder}/pipe.txt`), {
      ...{ path: `${folder}/pipe`, config, limits },
    });
    await until(() => baselines.filter(Boolean).length === 4);
    const [read, ...others] = baselines;
    using text = await readCorpus(`${folder}/read.txt`);
    using trainer = Trainer.create(text, resolveConfig(config));
    const [expected] = (await measureBaselines(text, { split: trainer.split }))!
      .filter(({ part }) => part === "validation");
    const { uniform, unigram, bigram, gzip } = expected!;
    assertEquals(read!.baselines, { uniform, unigram, bigram, gzip });
    for (const { baselines, problem } of others) {
      assertEquals(baselines, null);
      assertMatch(problem!, /^There are no baselines, because the text [^\n]+$/);
    }
  },
);

Deno.test("foldersOf() names runs by the last part of their paths, or by all of it", () => {
  const namesOf = (...paths: string[]) => foldersOf(paths).map(({ name }) => name);
  assertEquals(namesOf("runs/alice", "runs/bob/"), ["alice", "bob"]);
  assertEquals(namesOf("a/run", "b/run", "."), ["a/run", "b/run", "."]);
});

/** The status that a request is refused with; 200 if it is not. */
function statusOf(headers: Record<string, string>, method = "GET", port = 8790): number {
  const request = new Request("http://127.0.0.1:8790/", { method, headers });
  // `Host` cannot be set on a request that is to be sent.
  const given = { headers: new Headers(headers), method } as Request;
  return refuse(headers.host === undefined ? request : given, port)?.status ?? 200;
}

/** Sends a request as it is written, and returns the status line of the answer. */
async function statusLineOf(port: number, lines: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const text = [...lines, "Connection: close", "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(text));
  const bytes = new Uint8Array(4096);
  const count = await connection.read(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, count)).split("\r\n")[0]!;
}

Deno.test({
  name: "respond() answers no foreign name, and no path outside of the page (needs --allow-net)",
  ignore,
  async fn() {
    await using server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => respond(request, { runs: ["/nowhere"], port: server.addr.port }),
    );
    const { port } = server.addr;
    const host = `Host: 127.0.0.1:${port}`;
    const statusOf = async (target: string, ...headers: string[]) =>
      (await statusLineOf(port, [`GET ${target} HTTP/1.1`, ...headers])).split(" ")[1];
    assertEquals(await statusOf("/", host), "302");
    for (const name of ["evil.example", `evil.example:${port}`, "127.0.0.1", "[::1]:1"]) {
      for (const path of ["/", "/runs/events", "/runs/0/best.safetensors?version=1"]) {
        assertEquals(await statusOf(path, `Host: ${name}`), "403", `${name}${path}`);
      }
    }
    // The name of the request line and that of the header; two headers; none.
    const absolute = `http://127.0.0.1:${port}/runs/events`;
    assertEquals(await statusOf(absolute, "Host: evil.example"), "403");
    assertEquals(await statusOf("/runs/events", host, "Host: evil.example"), "400");
    assertEquals(await statusOf("/runs/events", "Accept: */*"), "403");
    assertEquals(await statusOf("/runs/events", host, "Origin: http://evil.example"), "403");
    assertEquals(await statusOf("/runs/events", host, "Sec-Fetch-Site: cross-site"), "403");
    const outside = [
      ...["/../deno.json", "/..%2fdeno.json", "/%2e%2e/deno.json", "/.stamp", "//etc/passwd"],
      ...["/runs/../../deno.json", "/runs/0/..%2f..%2fconfig.json", "/runs/0/config.json", "/a\\b"],
      ...["/runs/1/best.safetensors", "/runs/00000/best.safetensors", "/runs/-0/best.safetensors"],
    ];
    for (const path of outside) {
      const status = await statusOf(path, host);
      assert(status === "404" || status === "400", `${path}: ${status}`);
    }
  },
});

Deno.test("refuse() answers only the page itself", () => {
  const host = "127.0.0.1:8790";
  const own: Record<string, string>[] = [
    { host },
    { host: "localhost:8790" },
    { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" },
    { host, "sec-fetch-site": "none" },
    // A link on another page.
    {
      ...{ host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
      "sec-fetch-dest": "document",
    },
  ];
  for (const headers of own) assertEquals(statusOf(headers), 200, JSON.stringify(headers));
  const others: Record<string, string>[] = [
    {},
    { host: "evil.example:8790" },
    { host: "127.0.0.1" },
    { host: "127.0.0.1:1" },
    { host: "127.0.0.1.evil.example:8790" },
    { host: "localhost:8790", origin: `http://${host}` },
    { host, origin: "http://evil.example" },
    { host, origin: "null" },
    { host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    { host, "sec-fetch-site": "same-site" },
    {
      ...{ host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
      "sec-fetch-dest": "iframe",
    },
  ];
  for (const headers of others) assertEquals(statusOf(headers), 403, JSON.stringify(headers));
  assertEquals(statusOf({ host: "localhost" }, "GET", 80), 200);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    assertEquals(statusOf({ host }, method), 405);
  }
});
