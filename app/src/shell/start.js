// Takes the page over once it is painted: until then the line and the processor are the page's alone. What runs then is
// cut into tasks, so that a tap in between is answered.
const soon = () => new Promise((resume) => setTimeout(resume));
await new Promise((resume) => {
  new PerformanceObserver(resume).observe({ type: "paint", buffered: true });
  // Not every browser tells, and a page in the background is not painted.
  setTimeout(resume, document.hidden ? 0 : 1000);
});
const { default: start, hydrate } = await import(js);
await start({ module_or_path: wasm });
await soon();
hydrate();
document.documentElement.dataset.hydrated = "";
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});
