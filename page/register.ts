/// <reference lib="dom" />

/** Marks a reload that was made for isolation, so that it is made once. */
const RELOADED = "reloaded-for-isolation";

/**
 * Registers the service worker on a static host. It answers without a network, and adds the headers
 * that isolate the page, so that the training may use all cores; at the first visit the page is
 * loaded once more, through it.
 *
 * The server of `deno task page` isolates the page itself, and marks it.
 *
 * @param mayReload Whether nothing is lost by loading the page once more.
 */
export function registerServiceWorker(mayReload: () => boolean): void {
  const { serviceWorker } = navigator;
  if (document.documentElement.dataset.served !== undefined || serviceWorker === undefined) return;
  const isControlled = serviceWorker.controller !== null;
  const isolate = () => {
    if (crossOriginIsolated || !mayReload() || sessionStorage.getItem(RELOADED) !== null) return;
    sessionStorage.setItem(RELOADED, "");
    location.reload();
  };
  serviceWorker.addEventListener("controllerchange", () => {
    if (!isControlled) isolate();
    // The page has changed since the last visit, and what is open is the former one.
    else if (mayReload()) location.reload();
  }, { once: true });
  serviceWorker.register("service_worker.js")
    // One that is active and not in control was passed over by a forced reload.
    .then(({ active }) => !isControlled && active !== null && isolate())
    // Without a service worker the page trains with one thread, while it is online.
    .catch(() => {});
}
