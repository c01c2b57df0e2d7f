/** The page: it sends texts and beginnings to the worker, and shows what comes back. */
const byId = (id) => document.getElementById(id);
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

worker.onmessage = ({ data: { status, completion, isReady } }) => {
  if (status !== undefined) byId("status").textContent = status;
  if (completion !== undefined) byId("completion").textContent = completion;
  if (isReady) byId("prompt").disabled = false;
};
byId("train").onclick = () => worker.postMessage({ text: byId("text").value });
byId("prompt").oninput = ({ target }) => worker.postMessage({ prompt: target.value });
